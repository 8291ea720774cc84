package dev.ingot.engine.text;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// How a model writes down its thoughts and its calls of tools: read from its chat template, or chosen by its name.
public record OutputFormat(Thoughts thoughts, Calls calls) {
    /// A model that is told nothing of tools, and thinks silently.
    public static final OutputFormat PLAIN = new OutputFormat(Thoughts.NONE, Calls.NONE);

    /// How thoughts are marked.
    public enum Thoughts {
        /// Not at all, or they are to stay in the text.
        NONE,
        /// `<think>…</think>`: Qwen3, QwQ, DeepSeek's distillates.
        THINK("qwen3", "deepseek_r1"),
        /// `[THINK]…[/THINK]`: Magistral.
        MISTRAL("mistral"),
        /// Messages of a channel of their own: gpt-oss.
        HARMONY("openai_gptoss");

        /// What vLLM calls the parsers that read this.
        @SuppressWarnings("ImmutableEnumChecker") // a List.of
        private final List<String> parsers;

        Thoughts(String... parsers) {
            this.parsers = List.of(parsers);
        }

        /// What a parser of vLLM reads.
        ///
        /// @throws IllegalArgumentException that lists the known names
        public static Thoughts ofParser(String name) {
            return named(name, Arrays.asList(values()), each -> each.parsers);
        }

        private String open() {
            return this == MISTRAL ? "[THINK]" : "<think>";
        }

        private String close() {
            return this == MISTRAL ? "[/THINK]" : "</think>";
        }
    }

    /// How calls are marked.
    public enum Calls {
        /// No way that is read here.
        NONE,
        /// JSON between `<tool_call>` and `</tool_call>`: Hermes, Qwen2.5, Qwen3.
        HERMES("hermes"),
        /// `<function=name><parameter=name>value…` between the same: Qwen3-Coder.
        QWEN3_CODER("qwen3_coder", "qwen3_xml"),
        /// Behind `[TOOL_CALLS]`.
        MISTRAL("mistral"),
        /// The answer is JSON: Llama 3.
        LLAMA3("llama3_json", "llama4_json"),
        /// Messages to a function: gpt-oss.
        HARMONY("openai");

        /// What vLLM calls the parsers that read this.
        @SuppressWarnings("ImmutableEnumChecker") // a List.of
        private final List<String> parsers;

        Calls(String... parsers) {
            this.parsers = List.of(parsers);
        }

        /// What a parser of vLLM reads.
        ///
        /// @throws IllegalArgumentException that lists the known names
        public static Calls ofParser(String name) {
            return named(name, Arrays.asList(values()), each -> each.parsers);
        }
    }

    private static <T> T named(String name, List<T> all, Function<T, List<String>> names) {
        return all.stream()
                .filter(each -> names.apply(each).contains(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "'"
                                        + name
                                        + "', expected one of "
                                        + all.stream()
                                                .flatMap(each -> names.apply(each).stream())
                                                .collect(Collectors.joining(", "))));
    }

    /// What a model was told of, by its chat templates.
    static OutputFormat of(Collection<String> templates) {
        if (templates.stream()
                .anyMatch(text ->
                        text.contains(HarmonyChannels.CHANNEL)
                                && text.contains(HarmonyChannels.MESSAGE))) {
            return new OutputFormat(Thoughts.HARMONY, Calls.HARMONY);
        }
        var thoughts =
                Stream.of(Thoughts.MISTRAL, Thoughts.THINK)
                        .filter(each ->
                                templates.stream().anyMatch(text -> text.contains(each.close())))
                        .findFirst()
                        .orElse(Thoughts.NONE);
        var calls =
                templates.stream()
                        .map(OutputFormat::calls)
                        .filter(each -> each != Calls.NONE)
                        .findFirst()
                        .orElse(Calls.NONE);
        return new OutputFormat(thoughts, calls);
    }

    private static Calls calls(String template) {
        if (template.contains(MistralCalls.MARK)) {
            return Calls.MISTRAL;
        }
        if (template.contains(TaggedCalls.OPEN)) {
            if (template.contains("<arg_key>")) {
                return Calls.NONE; // GLM's
            }
            return template.contains("<function=") ? Calls.QWEN3_CODER : Calls.HERMES;
        }
        boolean isLlama =
                template.contains("ipython")
                        && template.contains("\"parameters\": ")
                        && !template.contains("<function=");
        return isLlama ? Calls.LLAMA3 : Calls.NONE;
    }

    /// This, with what somebody knows better than the template. gpt-oss's channels hold thoughts and calls: one brings
    /// the other.
    ///
    /// @throws IllegalArgumentException if they do not go together
    public OutputFormat with(Optional<Thoughts> thoughts, Optional<Calls> calls) {
        boolean channels =
                thoughts.filter(Thoughts.HARMONY::equals).isPresent()
                        || calls.filter(Calls.HARMONY::equals).isPresent();
        if (channels) {
            if (thoughts.orElse(Thoughts.HARMONY) != Thoughts.HARMONY
                    || calls.orElse(Calls.HARMONY) != Calls.HARMONY) {
                throw new IllegalArgumentException(
                        "gpt-oss's channels hold thoughts and calls: openai goes with openai_gptoss"
                                + " only");
            }
            return new OutputFormat(Thoughts.HARMONY, Calls.HARMONY);
        }
        if (thoughts.isEmpty() && calls.isEmpty()) {
            return this;
        }
        boolean had = this.calls == Calls.HARMONY;
        return new OutputFormat(
                thoughts.orElse(had ? Thoughts.NONE : this.thoughts),
                calls.orElse(had ? Calls.NONE : this.calls));
    }

    /// Special tokens that must have text, for the parser reads them.
    public List<String> marks() {
        var marks =
                switch (calls) {
                    case MISTRAL -> List.of(MistralCalls.MARK, "[CALL_ID]", "[ARGS]");
                    case LLAMA3 -> List.of(LlamaCalls.MARK);
                    case HERMES, QWEN3_CODER -> List.of(TaggedCalls.OPEN, TaggedCalls.CLOSE);
                    case HARMONY -> HarmonyChannels.MARKS;
                    case NONE -> List.<String>of();
                };
        return thoughts == Thoughts.THINK || thoughts == Thoughts.MISTRAL
                ? Stream.concat(Stream.of(thoughts.open(), thoughts.close()), marks.stream())
                        .toList()
                : marks;
    }

    /// Whether answers have to be read at all.
    public boolean isPlain(boolean tools) {
        return thoughts == Thoughts.NONE && (!tools || calls == Calls.NONE);
    }

    /// The id of a call. Mistral's templates take nothing but nine letters and digits.
    ///
    /// @param request, choice, call together unique among all calls
    public String callId(long request, int choice, int call) {
        if (calls != Calls.MISTRAL) {
            return "call_%016x%02x%02x".formatted(request, choice, call);
        }
        long mixed = (request ^ ((long) choice << 8) ^ call) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
        var digits = Long.toUnsignedString((mixed ^ (mixed >>> 32)), 36);
        return "0".repeat(Math.max(0, 9 - digits.length()))
                + digits.substring(Math.max(0, digits.length() - 9));
    }

    /// A parser of one answer.
    ///
    /// @param prompt as it was rendered: its end says whether the model thinks already
    /// @param tools the JSON Schema of each tool's arguments by its name; empty where the model was told of none
    /// @param idOfCall the id of the nth call, counted from 0; unique beyond this output
    public OutputParser parser(
            String prompt, Map<String, Map<String, Object>> tools, IntFunction<String> idOfCall) {
        if (calls == Calls.HARMONY || thoughts == Thoughts.HARMONY) {
            return new HarmonyChannels(idOfCall).continuing(prompt);
        }
        var answer = tools.isEmpty() ? new OnlyWords() : callsOf(tools, idOfCall);
        return thoughts == Thoughts.NONE
                ? answer
                : new ThoughtsFirst(
                        thoughts.open(),
                        thoughts.close(),
                        prompt.stripTrailing().endsWith(thoughts.open()),
                        answer);
    }

    private OutputParser callsOf(
            Map<String, Map<String, Object>> tools, IntFunction<String> idOfCall) {
        return switch (calls) {
            case HERMES -> TaggedCalls.json(idOfCall);
            case QWEN3_CODER -> TaggedCalls.xml(new XmlCall(tools), idOfCall);
            case MISTRAL -> new MistralCalls(idOfCall);
            case LLAMA3 -> new LlamaCalls(idOfCall);
            case HARMONY, NONE -> new OnlyWords();
        };
    }
}
