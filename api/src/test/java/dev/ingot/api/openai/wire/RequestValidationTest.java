package dev.ingot.api.openai.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ingot.engine.sequence.Tokens;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestValidationTest {
    private static final WireLimits LIMITS = WireLimits.DEFAULT;

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "temperature | \"0.5\"",
                "temperature | -0.1",
                "temperature | 101",
                "temperature | true",
                "top_p | 0",
                "top_p | 1.1",
                "top_p | 1e-60",
                "top_k | -2",
                "top_k | 1.5",
                "min_p | 2",
                "repetition_penalty | 0",
                "presence_penalty | 2.5",
                "frequency_penalty | -2.5",
                "seed | 1.5",
                "seed | 9223372036854775808",
                "n | 0",
                "n | 9",
                "n | \"1\"",
                "max_tokens | 0",
                "max_tokens | -1",
                "max_tokens | 2147483648",
                "min_tokens | -1",
                "stop | 5",
                "stop | \"\"",
                "stop | [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]",
                "stop_token_ids | 3",
                "ignore_eos | 1",
                "logit_bias | [1]",
                "logit_bias | {\"the\": 1}",
                "logit_bias.17 | {\"17\": 101}",
                "logit_bias.17 | {\"17\": \"1\"}",
                "stream | \"yes\"",
                "stream_options | {\"include_usage\": true}",
                "model | 3",
                "return_token_ids | 1",
                "skip_special_tokens | 0",
                "include_stop_str_in_output | \"no\"",
                "cache_salt | \"\"",
                "user | \"\"",
                "user | 7",
                "priority | \"high\"",
                "priority | 1.5",
                "priority | 2147483648",
                "timeout | 0",
                "timeout | -1",
                "timeout | 86401",
                "timeout | \"5s\"",
            })
    void namesTheFieldThatIsWrongInBothKindsOfRequest(String param, String value) {
        String field = param.replaceAll("\\..*", "");
        var completion = errorOf("{\"prompt\": \"a\", \"" + field + "\": " + value + "}", false);
        var chat =
                errorOf(
                        "{\"messages\": [{\"role\":\"user\",\"content\":\"a\"}], \""
                                + field
                                + "\": "
                                + value
                                + "}",
                        true);

        assertThat(completion.status()).isEqualTo(400);
        assertThat(completion.param()).isEqualTo(param);
        assertThat(completion.message()).contains("`" + param + "`");
        assertThat(chat.param()).isEqualTo(param);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "prompt | null",
                "prompt | 5",
                "prompt | []",
                "prompt | {}",
                "prompt[1] | [1, -1]",
                "prompt[1] | [1, \"a\"]",
                "prompt[1] | [1, 2.5]",
                "prompt[1] | [\"a\", 1]",
                "prompt[1][0] | [[1], [\"a\"]]",
                "logprobs | 21",
                "logprobs | true",
                "best_of | 2",
                "suffix | \"end\"",
            })
    void namesWhatIsWrongInACompletion(String param, String value) {
        String field = param.replaceAll("\\[.*", "");
        String body =
                field.equals("prompt")
                        ? "{\"prompt\": " + value + "}"
                        : "{\"prompt\": \"a\", \"" + field + "\": " + value + "}";

        assertThat(errorOf(body, false).param()).isEqualTo(param);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "messages | []",
                "messages | \"hello\"",
                "messages[0] | [3]",
                "messages[0].role | [{\"content\": \"a\"}]",
                "messages[0].role | [{\"role\": \"robot\", \"content\": \"a\"}]",
                "messages[0].content | [{\"role\": \"user\"}]",
                "messages[0].content | [{\"role\": \"user\", \"content\": 3}]",
                "messages[0].content | [{\"role\": \"assistant\", \"content\": null}]",
                "messages[0].content[0] | [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {}}]}]",
                "messages[0].content[0].type | [{\"role\": \"user\", \"content\": [{\"type\": \"smell\"}]}]",
                "messages[0].content[0].text | [{\"role\": \"user\", \"content\": [{\"type\": \"text\"}]}]",
                "messages[1].tool_call_id | [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"tool\", \"content\": \"b\"}]",
                "messages[0].tool_calls | [{\"role\": \"user\", \"content\": \"a\", \"tool_calls\": [{}]}]",
                "messages[0].tool_calls[0].function | [{\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"1\"}]}]",
                "messages[0].tool_calls[0].function.arguments | [{\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"1\", \"function\": {\"name\": \"f\", \"arguments\": \"{\"}}]}]",
            })
    void namesWhatIsWrongInAMessage(String param, String messages) {
        assertThat(errorOf("{\"messages\": " + messages + "}", true).param()).isEqualTo(param);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "response_format | {\"type\": \"json_object\"}",
                "structured_outputs | {\"regex\": \"a\"}",
                "guided_json | {}",
                "guided_regex | \"a\"",
                "guided_choice | [\"a\"]",
                "guided_grammar | \"a\"",
                "prompt_logprobs | 1",
                "use_beam_search | true",
                "logits_processors | [\"x\"]",
                "allowed_token_ids | [1]",
                "bad_words | [\"x\"]",
                "truncate_prompt_tokens | 5",
                "functions | [{\"name\": \"f\"}]",
                "function_call | \"auto\"",
                "audio | {\"voice\": \"a\"}",
                "modalities | [\"text\", \"audio\"]",
                "prediction | {}",
                "web_search_options | {}",
                "documents | [{}]",
                "chat_template | \"{{ x }}\"",
                "tool_choice | \"required\"",
                "tool_choice | {\"type\": \"function\", \"function\": {\"name\": \"f\"}}",
                "tool_choice | \"auto\"",
                "tool_choice | \"sometimes\"",
                "top_logprobs | 2",
                "tools | {}",
                "tools[0].type | [{}]",
                "tools[0].function | [{\"type\": \"function\"}]",
                "tools[0].function.name | [{\"type\": \"function\", \"function\": {\"name\": \"a b\"}}]",
                "tools[0].function.parameters | [{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": 1}}]",
                "add_generation_prompt | 1",
                "chat_template_kwargs | []",
            })
    void refusesByNameWhatIsNotDone(String param, String value) {
        String field = param.replaceAll("\\[.*", "");
        var error =
                errorOf(
                        "{\"messages\": [{\"role\":\"user\",\"content\":\"a\"}], \""
                                + field
                                + "\": "
                                + value
                                + "}",
                        true);

        assertThat(error.param()).isEqualTo(param);
    }

    @Test
    void takesNeutralValuesOfWhatIsNotDone() {
        var request =
                chat(
                        """
                        {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "text"},
                         "use_beam_search": false, "length_penalty": 1.0, "bad_words": [], "modalities": ["text"],
                         "tool_choice": "none", "temperature": null, "functions": null, "unheard_of": {"a": 1}}
                        """);

        assertThat(request.sampling().temperature()).isNull();
        assertThat(request.maxTokens()).isNull();
    }

    @Test
    void readsEverySamplingField() {
        var sampling =
                completion(
                                """
                                {"prompt": "a", "temperature": 0.5, "top_k": 40, "top_p": 0.9, "min_p": 0.1,
                                 "repetition_penalty": 1.1, "presence_penalty": -1, "frequency_penalty": 2,
                                 "logit_bias": {"17": -100}, "seed": -5, "stop": ["x", "y"], "stop_token_ids": [7],
                                 "ignore_eos": true, "min_tokens": 3, "n": 2}
                                """)
                        .sampling();

        assertThat(sampling.temperature()).isEqualTo(0.5f);
        assertThat(sampling.topK()).isEqualTo(40);
        assertThat(sampling.topP()).isEqualTo(0.9f);
        assertThat(sampling.minP()).isEqualTo(0.1f);
        assertThat(sampling.repetitionPenalty()).isEqualTo(1.1f);
        assertThat(sampling.presencePenalty()).isEqualTo(-1);
        assertThat(sampling.frequencyPenalty()).isEqualTo(2);
        assertThat(sampling.logitBias()).containsExactly(java.util.Map.entry(17, -100f));
        assertThat(sampling.seed()).isEqualTo(-5);
        assertThat(sampling.stop()).containsExactly("x", "y");
        assertThat(sampling.stopTokenIds()).isEqualTo(Tokens.of(7));
        assertThat(sampling.ignoreEos()).isTrue();
        assertThat(sampling.minTokens()).isEqualTo(3);
        assertThat(sampling.n()).isEqualTo(2);
    }

    @Test
    void readsMinusOneAndZeroAsAllTokensForTopK() {
        assertThat(completion("{\"prompt\": \"a\", \"top_k\": -1}").sampling().topK()).isZero();
        assertThat(completion("{\"prompt\": \"a\", \"top_k\": 0}").sampling().topK()).isZero();
    }

    @Test
    void readsAllFourFormsOfAPrompt() {
        assertThat(completion("{\"prompt\": \"a\"}").prompts())
                .containsExactly(new Prompt.Text("prompt", "a"));
        assertThat(completion("{\"prompt\": [\"a\", \"b\"]}").prompts())
                .containsExactly(
                        new Prompt.Text("prompt[0]", "a"), new Prompt.Text("prompt[1]", "b"));
        assertThat(completion("{\"prompt\": [1, 2]}").prompts())
                .containsExactly(new Prompt.Ids("prompt", Tokens.of(1, 2)));
        assertThat(completion("{\"prompt\": [[1], [2, 3]]}").prompts())
                .containsExactly(
                        new Prompt.Ids("prompt[0]", Tokens.of(1)),
                        new Prompt.Ids("prompt[1]", Tokens.of(2, 3)));
    }

    @Test
    void limitsPromptsTimesChoices() {
        String prompts = "[" + "\"a\",".repeat(16) + "\"a\"]";

        assertThat(errorOf("{\"prompt\": " + prompts + ", \"n\": 8}", false).param())
                .isEqualTo("n");
    }

    @Test
    void joinsTextPartsAndReadsCalls() {
        var messages =
                chat("""
                {"messages": [
                  {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                  {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\\"x\\": 1}"}}]},
                  {"role": "tool", "tool_call_id": "c1", "content": "2"}]}
                """)
                        .messages();

        assertThat(messages.get(0).content()).isEqualTo("a\nb");
        assertThat(messages.get(1).content()).isNull();
        assertThat(messages.get(1).toolCalls())
                .containsExactly(new ChatMessage.ToolCall("c1", "f", java.util.Map.of("x", 1L)));
        assertThat(messages.get(2).toolCallId()).isEqualTo("c1");
    }

    @Test
    void hidesToolsFromTheModelWhenNoneMayBeCalled() {
        String body =
                """
                {"messages": [{"role": "user", "content": "a"}],
                 "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "%s"}
                """;

        assertThat(chat(body.formatted("auto")).tools()).hasSize(1);
        assertThat(chat(body.formatted("none")).tools()).isEmpty();
    }

    @Test
    void prefersTheNewNameOfMaxTokensAndBlamesTheOneThatWasGiven() {
        String messages = "\"messages\": [{\"role\":\"user\",\"content\":\"a\"}]";
        var both = chat("{" + messages + ", \"max_tokens\": 3, \"max_completion_tokens\": 4}");
        var old = chat("{" + messages + ", \"max_tokens\": 3}");

        assertThat(both.maxTokens()).isEqualTo(4);
        assertThat(both.maxTokensField()).isEqualTo("max_completion_tokens");
        assertThat(old.maxTokens()).isEqualTo(3);
        assertThat(old.maxTokensField()).isEqualTo("max_tokens");
    }

    @Test
    void tellsLogprobsWithoutAlternativesFromNone() {
        String messages = "\"messages\": [{\"role\":\"user\",\"content\":\"a\"}]";

        assertThat(chat("{" + messages + "}").logprobs()).isNull();
        assertThat(chat("{" + messages + ", \"logprobs\": true}").logprobs()).isZero();
        assertThat(chat("{" + messages + ", \"logprobs\": true, \"top_logprobs\": 3}").logprobs())
                .isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "3",
                "\"a\"",
                "null",
                "{\"a\": 1} {}",
                "{\"a\": NaN}",
                "{a: 1}"
            })
    void refusesWhatIsNotOneJsonObject(String body) {
        assertThat(errorOf(body, false).status()).isEqualTo(400);
    }

    @Test
    void saysWhereBadJsonIsWithoutRepeatingIt() {
        var error = errorOf("{\"secret\": \"words\",\n  oops}", false);

        assertThat(error.message())
                .contains("line 2")
                .doesNotContain("secret")
                .doesNotContain("oops");
    }

    @Test
    void refusesNestingWithoutBottom() {
        String deep = "{\"a\":".repeat(65) + "1" + "}".repeat(65);

        assertThatThrownBy(() -> Json.readObject(deep.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("limit");
    }

    private static ApiError errorOf(String body, boolean chat) {
        var thrown =
                catchThrowableOfType(
                        ApiException.class,
                        () -> {
                            if (chat) {
                                chat(body);
                            } else {
                                completion(body);
                            }
                        });
        assertThat(thrown).as("nothing was refused in %s", body).isNotNull();
        return thrown.error();
    }

    private static CompletionRequest completion(String body) {
        return CompletionRequest.read(
                Json.readObject(body.getBytes(StandardCharsets.UTF_8)), LIMITS);
    }

    private static ChatCompletionRequest chat(String body) {
        return ChatCompletionRequest.read(
                Json.readObject(body.getBytes(StandardCharsets.UTF_8)), LIMITS);
    }
}
