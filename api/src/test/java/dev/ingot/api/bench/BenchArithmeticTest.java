package dev.ingot.api.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.ingot.api.bench.BenchTest.Phase;
import dev.ingot.api.console.Table;
import dev.ingot.kernels.cpu.CpuCalibration.Limits;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Names of tests, what they cost, percentiles, tables.
final class BenchArithmeticTest {
    @Test
    void namesOfTestsAreThoseOfLlamaBench() {
        assertThat(BenchTest.parse("pp512")).isEqualTo(new BenchTest(Phase.PREFILL, 512, 0, 1));
        assertThat(BenchTest.parse(" tg64@512")).isEqualTo(new BenchTest(Phase.DECODE, 64, 512, 1));
        assertThat(BenchTest.parse("tg64@128*32"))
                .isEqualTo(new BenchTest(Phase.DECODE, 64, 128, 32));
        assertThat(BenchTest.defaults())
                .doesNotHaveDuplicates()
                .allSatisfy(t -> assertThat(BenchTest.parse(t.toString())).isEqualTo(t));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "pp",
                "tg0",
                "pp-1",
                "tg64@",
                "tg64*0",
                "tg64*4@128",
                "xx5",
                "pp9999999"
            })
    void whatIsNoTestIsRefused(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> BenchTest.parse(name));
    }

    /// Qwen3-0.6B, by hand: 28 layers of 15.73 M weights, a tied head of 155.6 M, K and V of 114,688 bytes.
    private static final ModelCost QWEN3_06B =
            new ModelCost(
                    440_401_920,
                    155_582_464,
                    ModelCost.Mixture.NONE,
                    2,
                    4L * 28 * 2048,
                    114_688,
                    256);

    private static final double ITS_BYTES = 2.0 * (440_401_920 + 155_582_464);

    @Test
    void aDecodedTokenReadsAllWeightsOnceAndItsCache() {
        var test = BenchTest.parse("tg64@512*4");
        assertThat(QWEN3_06B.steps(test)).isEqualTo(64);
        assertThat(QWEN3_06B.weightBytes(test)).isEqualTo(64 * ITS_BYTES);
        // Positions 513 to 576 are attended to by the 64 tokens of each of 4 sequences.
        long attended = 4 * (513 + 576) * 64 / 2;
        assertThat(QWEN3_06B.bytes(test)).isEqualTo(64 * ITS_BYTES + 114_688.0 * attended);
        assertThat(QWEN3_06B.flops(test))
                .isEqualTo(2.0 * (440_401_920 + 155_582_464) * 256 + 4.0 * 28 * 2048 * attended);
    }

    @Test
    void aPromptNeedsTheHeadOnlyForItsLastToken() {
        var test = BenchTest.parse("pp512");
        assertThat(QWEN3_06B.steps(test)).isEqualTo(2);
        assertThat(QWEN3_06B.flops(test))
                .isEqualTo(
                        2.0 * 440_401_920 * 512
                                + 2.0 * 155_582_464
                                + 4.0 * 28 * 2048 * (512 * 513 / 2));
    }

    @Test
    void theLimitIsMemoryForOneSequenceAndArithmeticForAPrompt() {
        var limits = new Limits(36, 200, 200);
        var one = BenchTest.parse("tg64");
        assertThat(QWEN3_06B.leastSeconds(one, limits))
                .isCloseTo(QWEN3_06B.bytes(one) / 36e9, within(1e-9));
        var prompt = BenchTest.parse("pp128");
        assertThat(QWEN3_06B.leastSeconds(prompt, limits))
                .isCloseTo(QWEN3_06B.flops(prompt) / 200e9, within(1e-9));
    }

    @Test
    void ofAMixtureAStepReadsTheExpertsThatItsTokensChoose() {
        var mixture = new ModelCost.Mixture(8, 2, 1000);
        var cost = new ModelCost(100, 10, mixture, 0.5, 0, 0, 64);
        assertThat(cost.weightBytes(BenchTest.parse("tg5"))).isEqualTo(5 * 0.5 * (110 + 2 * 1000));
        // Of 8 experts, one that a token leaves with 6 / 8 is left by both with 36 / 64.
        assertThat(cost.weightBytes(BenchTest.parse("tg1*2")))
                .isCloseTo(0.5 * (110 + 8 * (1 - 36 / 64.0) * 1000), within(1e-9));
        assertThat(cost.weightBytes(BenchTest.parse("pp640")))
                .isCloseTo(10 * 0.5 * (110 + 8 * 1000), within(0.01));
        assertThat(cost.flops(BenchTest.parse("tg5"))).isEqualTo(5 * 2.0 * (100 + 2000 + 10));
    }

    @Test
    void percentilesLieBetweenTheNearestValues() {
        var figures = Figures.of(4, 1, 3, 2);
        assertThat(figures.median()).isEqualTo(2.5);
        assertThat(figures.min()).isEqualTo(1);
        assertThat(figures.max()).isEqualTo(4);
        assertThat(figures.percentile(90)).isCloseTo(3.7, within(1e-12));
        assertThat(Figures.of(7).percentile(99)).isEqualTo(7);
        assertThat(Figures.of().median()).isNaN();
    }

    @Test
    void aTableIsAlignedAndItsCsvIsQuoted() {
        var table = new Table("test", "tok/s");
        table.add("a,\"b\"", Table.number(12.345, 1));
        table.add("c", Table.number(OptionalDouble.empty(), 1));
        assertThat(table.text()).isEqualTo("test   tok/s\na,\"b\"   12.3\nc          -\n");
        assertThat(table.csv()).isEqualTo("test,tok/s\n\"a,\"\"b\"\"\",12.3\nc,\n");
    }

    @Test
    void idleTimeAndWaitingForDisksAreNotBusy() {
        assertThat(HostCpu.busyTicks("cpu  10 20 30 4000 500 6 7 8 99 99\ncpu0 1 1 1 1\n"))
                .isEqualTo(10 + 20 + 30 + 6 + 7 + 8);
    }

    @Test
    void coresOfOthersAreWhatIsBusyLessOurOwn() {
        var before = new HostCpu(OptionalLong.of(1000), 100, 0);
        var after = new HostCpu(OptionalLong.of(2500), 1100, 1000);
        assertThat(after.foreignCoresSince(before)).hasValue(0.5);
        assertThat(after.foreignCoresSince(new HostCpu(OptionalLong.empty(), 0, 0))).isEmpty();
    }
}
