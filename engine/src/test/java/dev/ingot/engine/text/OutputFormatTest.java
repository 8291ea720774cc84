package dev.ingot.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.text.OutputFormat.Calls;
import dev.ingot.engine.text.OutputFormat.Thoughts;
import dev.ingot.engine.text.SpokenPart.Content;
import dev.ingot.engine.text.SpokenPart.Reasoning;
import dev.ingot.engine.text.SpokenPart.ToolCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// What models write down, in the form that their own templates write it back to them.
final class OutputFormatTest {
    private static final String ARGUMENTS = "{\"city\":\"Paris\",\"days\":2}";
    private static final Map<String, Map<String, Object>> TOOLS =
            Map.of(
                    "get_weather",
                    Map.of(
                            "type",
                            "object",
                            "properties",
                            Map.of(
                                    "city", Map.of("type", "string", "description", "Where."),
                                    "days",
                                            Map.of(
                                                    "type",
                                                    "integer",
                                                    "description",
                                                    "How many."))));

    @TempDir private Path folder;

    private static OutputFormat format(Thoughts thoughts, Calls calls) {
        return new OutputFormat(thoughts, calls);
    }

    private static List<SpokenPart> read(OutputFormat format, String prompt, String output) {
        return read(format, prompt, output, List.of(output.length()));
    }

    private static List<SpokenPart> read(
            OutputFormat format, String prompt, String output, List<Integer> ends) {
        var parser = format.parser(prompt, TOOLS, call -> "call-" + call);
        List<SpokenPart> parts = new ArrayList<>();
        int from = 0;
        for (int end : ends) {
            parts.addAll(parser.add(output.substring(from, end)));
            from = end;
        }
        parts.addAll(parser.finish());
        List<SpokenPart> joined = new ArrayList<>();
        for (var part : parts) {
            if (!joined.isEmpty()
                    && joined.getLast() instanceof Content(String before)
                    && part instanceof Content(String text)) {
                joined.set(joined.size() - 1, new Content(before + text));
            } else if (!joined.isEmpty()
                    && joined.getLast() instanceof Reasoning(String before)
                    && part instanceof Reasoning(String text)) {
                joined.set(joined.size() - 1, new Reasoning(before + text));
            } else {
                joined.add(part);
            }
        }
        return joined;
    }

    private static ToolCall call(int index, String arguments) {
        return new ToolCall(index, "call-" + index, "get_weather", arguments);
    }

    /// What a template writes of an assistant's call is what the model learnt to say.
    @ParameterizedTest
    @CsvSource({
        "Qwen-Qwen2.5-7B-Instruct, NONE, HERMES",
        "ortx-qwen3, THINK, HERMES",
        "Qwen3-Coder, NONE, QWEN3_CODER",
        "mistralai-Mistral-Nemo-Instruct-2407, NONE, MISTRAL",
        "Mistral-Small-3.2-24B-Instruct-2506, NONE, MISTRAL",
        "unsloth-mistral-Devstral-Small-2507, NONE, MISTRAL",
        "mistral-common-v11, NONE, MISTRAL",
        "mistral-common-v13_think, MISTRAL, MISTRAL",
        "meta-llama-Llama-3.1-8B-Instruct, NONE, LLAMA3",
        "openai-gpt-oss-120b, HARMONY, HARMONY",
    })
    void aCallInTheTemplatesOwnFormIsRead(String name, Thoughts thoughts, Calls calls)
            throws IOException {
        var jinja = TestTokenizers.shared("templates/jinja/" + name + ".jinja");
        Files.copy(jinja, folder.resolve("chat_template.jinja"));
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var template = ChatTemplate.load(folder, tokenizer, Clock.systemUTC());
            assertThat(template.format()).isEqualTo(format(thoughts, calls));
            var user = Map.of("role", "user", "content", "What is the weather?");
            var called =
                    Map.of(
                            "role",
                            "assistant",
                            "content",
                            "",
                            "tool_calls",
                            List.of(
                                    Map.of(
                                            "id",
                                            "a1b2c3d4e",
                                            "type",
                                            "function",
                                            "function",
                                            Map.of(
                                                    "name",
                                                    "get_weather",
                                                    "arguments",
                                                    ARGUMENTS))));
            var tools =
                    List.of(
                            Map.<String, Object>of(
                                    "type",
                                    "function",
                                    "function",
                                    Map.of(
                                            "name",
                                            "get_weather",
                                            "description",
                                            "The weather.",
                                            "parameters",
                                            TOOLS.get("get_weather"))));
            var prompt = template.render(List.of(user), tools, true, false, Map.of()).text();
            var whole =
                    template.render(List.of(user, called), tools, false, false, Map.of()).text();
            assertThat(whole).startsWith(prompt.stripTrailing());
            var said = whole.substring(prompt.stripTrailing().length());
            for (var end : List.of("<|im_end|>", "<|eot_id|>", "<|call|>")) {
                said = said.contains(end) ? said.substring(0, said.indexOf(end)) : said;
            }
            var parts = read(template.format(), prompt, said);
            assertThat(parts).as(said).hasSize(1);
            assertThat(parts.getFirst()).isInstanceOf(ToolCall.class);
            var call = (ToolCall) parts.getFirst();
            assertThat(call.name()).isEqualTo("get_weather");
            assertThat(JsonFiles.MAPPER.readTree(call.arguments()))
                    .isEqualTo(JsonFiles.MAPPER.readTree(ARGUMENTS));
        }
    }

    @Test
    void otherTemplatesSayNothingOfCalls() {
        assertThat(OutputFormat.of(List.of("plain"))).isEqualTo(OutputFormat.PLAIN);
        assertThat(OutputFormat.of(List.of("plain", "<tool_call>\n{\"name\": …}")))
                .isEqualTo(format(Thoughts.NONE, Calls.HERMES));
        assertThat(OutputFormat.of(List.of("<tool_call>f\n<arg_key>")))
                .isEqualTo(OutputFormat.PLAIN);
        assertThat(OutputFormat.of(List.of("{{ '<|python_tag|><function=f>' }} ipython")))
                .isEqualTo(OutputFormat.PLAIN);
    }

    @Test
    void whoeverServesTheModelMayKnowBetter() {
        var told = format(Thoughts.THINK, Calls.HERMES);
        var channels = format(Thoughts.HARMONY, Calls.HARMONY);
        assertThat(told.with(Optional.empty(), Optional.empty())).isEqualTo(told);
        assertThat(told.with(Optional.empty(), Optional.of(Calls.ofParser("qwen3_xml"))))
                .isEqualTo(format(Thoughts.THINK, Calls.QWEN3_CODER));
        assertThat(told.with(Optional.of(Thoughts.ofParser("mistral")), Optional.empty()))
                .isEqualTo(format(Thoughts.MISTRAL, Calls.HERMES));
        assertThat(told.with(Optional.of(Thoughts.ofParser("openai_gptoss")), Optional.empty()))
                .isEqualTo(channels);
        assertThat(told.with(Optional.empty(), Optional.of(Calls.ofParser("openai"))))
                .isEqualTo(channels);
        assertThat(channels.with(Optional.empty(), Optional.of(Calls.ofParser("hermes"))))
                .as("channels cannot be read in part")
                .isEqualTo(format(Thoughts.NONE, Calls.HERMES));
        assertThatThrownBy(() -> Thoughts.ofParser("granite"))
                .hasMessage(
                        "'granite', expected one of qwen3, deepseek_r1, mistral, openai_gptoss");
    }

    @Test
    void thoughtsComeBeforeTheAnswer() {
        var format = format(Thoughts.THINK, Calls.HERMES);
        var expected = List.of(new Reasoning("Let me\n\nsee."), new Content("It is <b>."));
        assertThat(read(format, "", "<think>\nLet me\n\nsee.\n</think>\n\nIt is <b>."))
                .isEqualTo(expected);
        assertThat(read(format, "…<think>\n", "Let me\n\nsee.\n</think>\n\nIt is <b>."))
                .as("the prompt opened them")
                .isEqualTo(expected);
        assertThat(read(format, "…<think>\n\n</think>\n\n", "It is <b>."))
                .as("the prompt closed them")
                .containsExactly(new Content("It is <b>."));
        assertThat(read(format, "what is <think> for? assistant:", "For </think>."))
                .as("a user may speak of them")
                .containsExactly(new Content("For </think>."));
        assertThat(read(format, "<think>", "cut off </thi"))
                .containsExactly(new Reasoning("cut off </thi"));
        assertThat(read(format, "", "\n <thin")).containsExactly(new Content("\n <thin"));
        assertThat(read(format, "", "<think></think>")).isEmpty();
        assertThat(
                        read(
                                format,
                                "",
                                "<think>Tools.</think><tool_call>{\"name\":"
                                        + " \"get_weather\"}</tool_call>"))
                .containsExactly(new Reasoning("Tools."), call(0, "{}"));
        assertThat(read(format(Thoughts.MISTRAL, Calls.NONE), "", "[THINK]Hm.[/THINK]Yes."))
                .containsExactly(new Reasoning("Hm."), new Content("Yes."));
    }

    @Test
    void thoughtsAreToldAsTheyCome() {
        var parser = format(Thoughts.THINK, Calls.NONE).parser("<think>\n", Map.of(), call -> "");
        assertThat(parser.add("\nOne")).containsExactly(new Reasoning("One"));
        assertThat(parser.add(" two\n")).containsExactly(new Reasoning(" two"));
        assertThat(parser.add("three</")).containsExactly(new Reasoning("\nthree"));
        assertThat(parser.add("think>\n\nAnd")).containsExactly(new Content("And"));
        assertThat(parser.add(" on")).containsExactly(new Content(" on"));
    }

    @Test
    void channelsOfHarmonyAreThoughtsWordsAndCalls() {
        var format = format(Thoughts.HARMONY, Calls.HARMONY);
        var prompt = "<|start|>user<|message|>Hi<|end|><|start|>assistant";
        assertThat(
                        read(
                                format,
                                prompt,
                                "<|channel|>analysis<|message|>Simple.<|end|><|start|>assistant<|channel|>final<|message|>Hello"
                                        + " < you."))
                .containsExactly(new Reasoning("Simple."), new Content("Hello < you."));
        assertThat(
                        read(
                                format,
                                prompt,
                                "<|channel|>commentary<|message|>I"
                                        + " look.<|end|><|start|>assistant<|channel|>commentary"
                                        + " to=functions.get_weather"
                                        + " <|constrain|>json<|message|>{\"city\": \"Paris\"}"))
                .containsExactly(new Content("I look."), call(0, "{\"city\": \"Paris\"}"));
        assertThat(
                        read(
                                format,
                                prompt,
                                " to=functions.get_weather<|channel|>commentary"
                                        + " json<|message|>{}<|call|>"))
                .containsExactly(call(0, "{}"));
        assertThat(read(format, prompt, "<|channel|>commentary to=python<|message|>1+1<|call|>"))
                .containsExactly(new Reasoning("1+1"));
        assertThat(read(format, prompt, "<|channel|>commentary to=functions.f<|message|>{broken"))
                .containsExactly(new Content("{broken"));
        assertThat(read(format, prompt, "no harmony")).containsExactly(new Content("no harmony"));
        assertThat(read(format, prompt + "<|channel|>final<|message|>The ans", "wer<|return|>"))
                .as("a final message that is continued")
                .containsExactly(new Content("wer"));
        assertThat(read(format, prompt, "<|channel|>anal")).isEmpty();
    }

    @Test
    void mistralCallsInEveryFormAndWhatIsNone() {
        var format = format(Thoughts.NONE, Calls.MISTRAL);
        var list =
                "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"a\": \"]}\"}, \"id\":"
                        + " \"x\"}, {\"name\": \"get_weather\", \"arguments\": {}}]";
        assertThat(read(format, "", "Well. " + list))
                .containsExactly(new Content("Well. "), call(0, "{\"a\": \"]}\"}"), call(1, "{}"));
        assertThat(
                        read(
                                format,
                                "",
                                "[TOOL_CALLS]get_weather[ARGS]{\"a\":"
                                        + " 1}[TOOL_CALLS]get_weather[CALL_ID]x1[ARGS]{}\n"))
                .containsExactly(call(0, "{\"a\": 1}"), call(1, "{}"));
        for (var text :
                List.of(
                        "[TOOL_CALLS]",
                        "[TOOL_CALLS][]",
                        "[TOOL_CALLS] two words {\"a\": 1} more",
                        "[TOOL_CALLS][{\"arguments\": {}}] [x]",
                        "[TOOL_CALLS]f[ARGS]{\"a\":",
                        "[TOOL[ and [TOOL_CALL",
                        "a [1, 2] list")) {
            assertThat(read(format, "", text)).containsExactly(new Content(text));
        }
    }

    @Test
    void aLlamaAnswersWithCallsOrWithWords() {
        var format = format(Thoughts.NONE, Calls.LLAMA3);
        var call = "{\"name\": \"get_weather\", \"parameters\": {\"a\": \"}\"}}";
        assertThat(read(format, "", call)).containsExactly(call(0, "{\"a\": \"}\"}"));
        assertThat(read(format, "", "\n<|python_tag|> " + call + "; " + call + "\n"))
                .containsExactly(call(0, "{\"a\": \"}\"}"), call(1, "{\"a\": \"}\"}"));
        assertThat(read(format, "", "I call.<|python_tag|>" + call))
                .containsExactly(new Content("I call."), call(0, "{\"a\": \"}\"}"));
        for (var text :
                List.of(
                        "{\"name\": \"Ada\", \"born\": 1815}",
                        "{\"name\": \"f\", \"parameters\": {",
                        "<|python_tag|>print(1)",
                        " { not json } at all",
                        "Words: " + call)) {
            assertThat(read(format, "", text)).containsExactly(new Content(text));
        }
    }

    @Test
    void theSchemaSaysWhatIsTextInCallsOfQwen3Coder() {
        var format = format(Thoughts.NONE, Calls.QWEN3_CODER);
        assertThat(
                        read(
                                format,
                                "",
                                """
                                <tool_call>
                                <function=get_weather>
                                <parameter=city>
                                12
                                </parameter>
                                <parameter=days>
                                2
                                </parameter>
                                <parameter=other>
                                "a
                                b"
                                </parameter>
                                </function>
                                </tool_call>\
                                """))
                .containsExactly(
                        call(0, "{\"city\":\"12\",\"days\":2,\"other\":\"\\\"a\\nb\\\"\"}"));
        assertThat(
                        read(
                                format,
                                "",
                                "<tool_call><function=get_weather><parameter=days>many</parameter></function></tool_call>"))
                .containsExactly(call(0, "{\"days\":\"many\"}"));
        var broken = "<tool_call>\n{\"name\": \"get_weather\"}\n</tool_call>";
        assertThat(read(format, "", broken)).containsExactly(new Content(broken));
    }

    @Test
    void idsOfMistralsCallsAreNineLettersAndDigits() {
        var format = format(Thoughts.NONE, Calls.MISTRAL);
        assertThat(format.callId(0, 0, 0)).matches("[a-z0-9]{9}");
        assertThat(format.callId(-5, 1, 2))
                .matches("[a-z0-9]{9}")
                .isNotEqualTo(format.callId(-5, 1, 3));
        assertThat(format(Thoughts.NONE, Calls.HERMES).callId(5, 1, 2))
                .isEqualTo("call_00000000000000050102");
    }

    @ParameterizedTest
    @EnumSource(Calls.class)
    void everyCutOfTheTextGivesTheSameResult(Calls calls) {
        String[] pieces = {
            "<think>",
            "</think>",
            "\n",
            " ",
            "words",
            "<",
            "[",
            "{",
            "}",
            ";",
            ",",
            "]",
            "\"",
            "\\",
            "🦙",
            "[TOOL_CALLS]",
            "get_weather",
            "[ARGS]",
            "{\"a\": \"]}\"}",
            "<|python_tag|>",
            "{\"name\": \"get_weather\", \"parameters\": {\"x\": [1]}}",
            "<|channel|>",
            "analysis",
            "final",
            "commentary to=functions.get_weather",
            "<|message|>",
            "<|end|>",
            "<|start|>assistant",
            "<tool_call>",
            "</tool_call>",
            "<function=f>",
            "</function>"
        };
        var thoughts = calls == Calls.HARMONY ? Thoughts.HARMONY : Thoughts.THINK;
        var format = format(thoughts, calls);
        for (int seed = 0; seed < 2_000; seed++) {
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            var text = new StringBuilder();
            for (int i = 0; i < 10; i++) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            var prompt = random.nextBoolean() ? "<think>" : "<|start|>assistant";
            List<Integer> ends = new ArrayList<>();
            for (int end = random.nextInt(6); end < text.length(); end += random.nextInt(6)) {
                ends.add(end);
            }
            ends.add(text.length());
            assertThat(read(format, prompt, text.toString(), ends))
                    .as("seed " + seed + ": " + text)
                    .isEqualTo(read(format, prompt, text.toString()));
        }
    }
}
