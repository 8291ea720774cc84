package dev.ingot.api.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.ingot.api.bench.CompletionClient.Reading;
import dev.ingot.api.bench.LoadSettings.Range;
import dev.ingot.api.bench.ServerProbe.Steps;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// Prompts, streams, and what is made of answers.
final class LoadArithmeticTest {
    private static final long MILLI = 1_000_000;

    @Test
    void aRangeIsANumberOrTwo() {
        assertThat(Range.parse("64")).isEqualTo(new Range(64, 64));
        assertThat(Range.parse("64-256")).isEqualTo(new Range(64, 256));
        for (var wrong : new String[] {"", "x", "0", "-5", "9-3", "1-2-3"}) {
            assertThatIllegalArgumentException().isThrownBy(() -> Range.parse(wrong));
        }
    }

    @Test
    void promptsOfAnotherVariantHaveTheSameLengthsAndOtherTokens() {
        var prompts = new PromptSampler(new Range(64, 256), 0, 1);
        for (int i = 0; i < 50; i++) {
            int[] first = prompts.ids(i, 0);
            assertThat(first).hasSizeBetween(64, 256).isEqualTo(prompts.ids(i, 0));
            int[] second = prompts.ids(i, 1);
            assertThat(second).hasSameSizeAs(first);
            assertThat(Arrays.mismatch(first, second)).isBetween(0, 5);
        }
    }

    @Test
    void promptsBeginWithTheSharedPrefixAndGoOnDifferently() {
        var prompts = new PromptSampler(new Range(64, 64), 128, 7);
        int[] first = prompts.ids(0, 3);
        int[] second = prompts.ids(1, 4);
        assertThat(first).hasSize(192);
        assertThat(Arrays.mismatch(first, second)).isBetween(128, 133);
    }

    @Test
    void lengthsCoverTheRange() {
        var prompts = new PromptSampler(new Range(1, 4), 0, 1);
        assertThat(LongStream.range(0, 100).mapToObj(i -> prompts.ids(i, 0).length))
                .contains(1, 2, 3, 4);
    }

    private static Answer read(String stream) throws IOException {
        return new Reading(System.nanoTime(), () -> true)
                .read(new ByteArrayInputStream(stream.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void aStreamIsCountedByTheServersUsage() throws IOException {
        var answer =
                read(
                        """
                        data: {"choices": [{"text": "a"}]}

                        : a comment
                        data: {"choices": [{"text": ""}]}

                        data: {"choices": [{"text": "b"}]}

                        data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

                        data: [DONE]

                        """);
        assertThat(answer.succeeded()).isTrue();
        assertThat(answer.eventNanos()).hasSize(2);
        assertThat(answer.promptTokens()).isEqualTo(9);
        assertThat(answer.outputTokens()).isEqualTo(3);
    }

    @Test
    void aStreamWithoutItsEndHasFailed() throws IOException {
        var answer = read("data: {\"choices\": [{\"text\": \"a\"}]}\n\n");
        assertThat(answer.succeeded()).isFalse();
        assertThat(answer.error()).contains("[DONE]");
    }

    private static Answer answer(long sent, long... events) {
        return new Answer(
                sent * MILLI,
                sent * MILLI,
                Arrays.stream(events).map(e -> e * MILLI).boxed().toList(),
                100,
                events.length,
                200,
                "");
    }

    @Test
    void aLevelIsMadeOfItsGoodAnswers() {
        var failed = new Answer(0, 0, List.of(), 0, 0, 429, "429");
        var level =
                new LoadLevel(
                        2,
                        LoadLevel.Beside.NOTHING,
                        List.of(answer(0, 100, 110, 130), answer(50, 250, 260, 290), failed),
                        0.3,
                        new Steps(10, 0.25, 0.2),
                        OptionalDouble.empty());
        assertThat(level.errors()).isEqualTo(1);
        assertThat(level.outputTokensPerSecond()).isCloseTo(6 / 0.3, within(1e-9));
        assertThat(level.ttftMillis().median()).isCloseTo(150, within(1e-9));
        assertThat(level.interTokenMillis().max()).isCloseTo(30, within(1e-9));
        assertThat(level.tpotMillis().median()).isCloseTo(17.5, within(1e-9));
        assertThat(level.shareOutsideDevice()).isCloseTo(0.2, within(1e-9));
        // 130 ms and 240 ms were waited for.
        assertThat(level.shareOutsideDeviceForTheClient()).isCloseTo(1 - 0.2 / 0.37, within(1e-9));
    }

    @Test
    void aPhaseCountsWhatCameInItsTimeOfAnswersThatWereGood() {
        var refused = new Answer(0, 7 * MILLI, List.of(), 0, 0, 503, "503");
        var broken = new Answer(0, 9 * MILLI, List.of(20 * MILLI), 3, 1, 200, "no end");
        var phase =
                new Phase(
                        // Two of its three tokens came in time.
                        List.of(answer(0, 100, 400, 600), answer(0, 499), refused, broken),
                        0,
                        500 * MILLI,
                        600 * MILLI);
        assertThat(phase.answered()).isEqualTo(2);
        assertThat(phase.refused()).isEqualTo(1);
        assertThat(phase.failed()).isEqualTo(1);
        assertThat(phase.goodput()).isCloseTo(3 / 0.5, within(1e-9));
        assertThat(phase.requestsPerSecond()).isCloseTo((2 / 3.0 + 1) / 0.5, within(1e-9));
        assertThat(phase.refusalMillis().max()).isCloseTo(7, within(1e-9));
        assertThat(phase.secondsAfter()).isCloseTo(0.1, within(1e-9));
    }

    private static String body(boolean chunked, long length, String wire) throws IOException {
        var bytes = new ByteArrayInputStream(wire.getBytes(StandardCharsets.US_ASCII));
        try (var body = new HttpAnswer.Body(bytes, chunked, length)) {
            return new String(body.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void aBodyIsReadWithoutTheMarksOfItsChunks() throws IOException {
        assertThat(body(true, 0, "3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n"))
                .isEqualTo("abc0123456789");
        assertThat(body(false, 4, "abcdef")).isEqualTo("abcd");
        assertThat(body(false, Long.MAX_VALUE, "abcdef")).isEqualTo("abcdef");
        assertThatIOException()
                .isThrownBy(() -> body(true, 0, "5\r\nab"))
                .withMessageContaining("within a chunk");
        assertThatIOException()
                .isThrownBy(() -> body(true, 0, "xyz\r\nab"))
                .withMessageContaining("'xyz'");
    }

    @Test
    void metricsAreAddedOverTheirLabels() {
        var text =
                """
                # TYPE ingot:step_seconds histogram
                ingot:step_seconds_bucket{le="1.0"} 5
                ingot:step_seconds_sum{model_name="a"} 1.5
                ingot:step_seconds_sum{model_name="b"} 2.0
                ingot:step_seconds_sum_other 9
                """;
        assertThat(ServerProbe.sum(text, "ingot:step_seconds_sum")).isEqualTo(3.5);
        assertThat(ServerProbe.sum(text, "nothing")).isZero();
    }

    @Test
    void theHeapIsWhatItsGenerationsUse() {
        var serial =
                """
                17:
                DefNew     total 19840K, used 1024K [0x00, 0x01, 0x02)
                 eden space 17664K,   5% used [0x00, 0x01, 0x02)
                Tenured    total 44032K, used 3072K [0x00, 0x01, 0x02)
                 the  space 44032K,   7% used [0x00, 0x01, 0x02)
                Metaspace       used 9999K, committed 10000K, reserved 11000K
                """;
        assertThat(ServerProbe.heapUsed(serial)).hasValue(4.0);
        assertThat(ServerProbe.heapUsed(" garbage-first heap   total 65536K, used 2048K [0x00"))
                .hasValue(2.0);
        assertThat(ServerProbe.heapUsed("")).isEmpty();
    }
}
