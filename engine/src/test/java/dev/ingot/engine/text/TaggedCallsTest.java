package dev.ingot.engine.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.text.SpokenPart.Content;
import dev.ingot.engine.text.SpokenPart.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TaggedCallsTest {
    private static final String PARIS =
            """
            <tool_call>
            {"name": "get_weather", "arguments": {"city": "Paris"}}
            </tool_call>\
            """;

    private static ToolCall call(int index, String name, String arguments) {
        return new ToolCall(index, "call-" + index, name, arguments);
    }

    private static List<SpokenPart> whole(String text) {
        return cut(text, List.of(text.length()));
    }

    private static List<SpokenPart> cut(String text, List<Integer> ends) {
        var parser = TaggedCalls.json(index -> "call-" + index);
        List<SpokenPart> parts = new ArrayList<>();
        int from = 0;
        for (int end : ends) {
            parts.addAll(parser.add(text.substring(from, end)));
            from = end;
        }
        parts.addAll(parser.finish());
        return joined(parts);
    }

    /// Neighbouring words as one: how they are cut is not part of the result.
    private static List<SpokenPart> joined(List<SpokenPart> parts) {
        List<SpokenPart> joined = new ArrayList<>();
        for (var part : parts) {
            if (part instanceof Content(String text)
                    && !joined.isEmpty()
                    && joined.getLast() instanceof Content(String before)) {
                joined.set(joined.size() - 1, new Content(before + text));
            } else {
                joined.add(part);
            }
        }
        return joined;
    }

    @Test
    void wordsPassThroughAtOnce() {
        var parser = TaggedCalls.json(Integer::toString);
        assertThat(parser.add("Hello")).containsExactly(new Content("Hello"));
        assertThat(parser.add(" wor")).containsExactly(new Content(" wor"));
        assertThat(parser.add("ld\n")).containsExactly(new Content("ld"));
        assertThat(parser.finish()).containsExactly(new Content("\n"));
    }

    @Test
    void aCallIsGivenWhenItIsComplete() {
        var parser = TaggedCalls.json(index -> "call-" + index);
        assertThat(parser.add("Let me look.\n<tool")).containsExactly(new Content("Let me look."));
        assertThat(parser.add("_call>{\"name\": \"f\", \"argu")).isEmpty();
        assertThat(parser.add("ments\": {\"a\":  [1, 2.50]}}</tool_call>"))
                .containsExactly(call(0, "f", "{\"a\":  [1, 2.50]}"));
        assertThat(parser.finish()).isEmpty();
    }

    @Test
    void severalCallsAreCounted() {
        assertThat(whole(PARIS + "\n" + PARIS + "\n"))
                .containsExactly(
                        call(0, "get_weather", "{\"city\": \"Paris\"}"),
                        call(1, "get_weather", "{\"city\": \"Paris\"}"));
    }

    @Test
    void wordsAfterACallAreWords() {
        assertThat(whole("before\n" + PARIS + "\n after"))
                .containsExactly(
                        new Content("before"),
                        call(0, "get_weather", "{\"city\": \"Paris\"}"),
                        new Content("after"));
    }

    @Test
    void aClosingTagInsideAStringIsText() {
        assertThat(
                        whole(
                                "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\":"
                                        + " \"a\\\"</tool_call>\\\\\"}}</tool_call>"))
                .containsExactly(call(0, "f", "{\"x\": \"a\\\"</tool_call>\\\\\"}"));
    }

    @Test
    void argumentsMayBeAbsentOrWrittenAsAString() {
        assertThat(whole("<tool_call>{\"name\": \"f\"}</tool_call>"))
                .containsExactly(call(0, "f", "{}"));
        assertThat(
                        whole(
                                "<tool_call>{\"arguments\": \"{\\\"a\\\": 1}\", \"name\":"
                                        + " \"f\"}</tool_call>"))
                .containsExactly(call(0, "f", "{\"a\": 1}"));
    }

    @Test
    void aTurnThatEndsWithoutTheClosingTagHasCalled() {
        assertThat(whole("<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n"))
                .containsExactly(call(0, "f", "{}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<tool_call>\nnot json\n</tool_call>",
                "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
                "<tool_call>{\"name\": \"f\", \"arguments\": \"nope\"}</tool_call>",
                "<tool_call>{\"name\": \"\", \"arguments\": {}}</tool_call>",
                "<tool_call>{\"arguments\": {}}</tool_call>",
                "<tool_call>{\"name\": \"f\"} and more</tool_call>",
                "<tool_call>[]</tool_call>",
                "<tool_call></tool_call>",
                "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}",
                "<tool_call>{\"name\": \"broken\nstring\"}</tool_call> and on",
                "<tool_call><function=f>\n</function></tool_call>",
                "a < b and <tool and <tool_calls> </tool_call>",
                "<tool_cal",
                "  \n ",
                "",
            })
    void whatIsNoCallIsGivenBackWhole(String text) {
        assertThat(whole(text)).isEqualTo(text.isEmpty() ? List.of() : List.of(new Content(text)));
    }

    @Test
    void aCallAfterABrokenOneIsStillACall() {
        assertThat(whole("<tool_call>{\"name\": \"oops\n}</tool_call>" + PARIS))
                .containsExactly(
                        new Content("<tool_call>{\"name\": \"oops\n}</tool_call>"),
                        call(0, "get_weather", "{\"city\": \"Paris\"}"));
    }

    @Test
    void everyCutOfTheTextGivesTheSameResult() {
        String[] pieces = {
            PARIS,
            "<tool_call>",
            "</tool_call>",
            "{\"name\": \"g\", \"arguments\": {\"q\": \"</tool_call>\"}}",
            "\n",
            "words",
            " ",
            "<",
            "🦙",
            "\"",
            "<tool_call>{}</tool_call>",
            "\\"
        };
        for (int seed = 0; seed < 1_000; seed++) {
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            var text = new StringBuilder();
            for (int i = 0; i < 8; i++) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            List<Integer> ends = new ArrayList<>();
            for (int end = random.nextInt(6); end < text.length(); end += random.nextInt(6)) {
                ends.add(end);
            }
            ends.add(text.length());
            assertThat(cut(text.toString(), ends))
                    .as("seed " + seed + ": " + text)
                    .isEqualTo(whole(text.toString()));
        }
    }
}
