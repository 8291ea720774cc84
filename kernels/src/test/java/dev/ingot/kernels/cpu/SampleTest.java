package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.SoftmaxWeight;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.Samples;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The device's draws against the host's: one and the same token, whatever the variant.
final class SampleTest {
    private static final SamplingParams RANDOM =
            SamplingParams.greedy(100).toBuilder().temperature(1).build();

    static List<String> variants() {
        return CpuDevice.variants();
    }

    @ParameterizedTest
    @MethodSource("variants")
    void drawsWhatTheHostDraws(String variant) {
        try (var cpu = CpuDevice.open(2, variant)) {
            for (int n : new int[] {1, 2, 7, 15, 63, 64, 65, 1000, 5003}) {
                for (long seed = 0; seed < 6; seed++) {
                    float[][] rows = Samples.rows(100 * seed + n, n);
                    assertSame(cpu, rows, Samples.params(new Random(seed), rows.length, n));
                }
            }
        }
    }

    /// A vocabulary as large as they come, where a row is cut into blocks and few of them are looked at twice; and the
    /// ways to narrow it that such a row takes, down to those for many equal or nearly equal logits.
    @ParameterizedTest
    @MethodSource("variants")
    void drawsWhatTheHostDrawsFromALargeVocabulary(String variant) {
        int n = 151_936;
        var random = new Random(5);
        float[][] rows = new float[4][n];
        for (int i = 0; i < n; i++) {
            rows[0][i] = (float) (2.5 * random.nextGaussian());
            rows[1][i] = (float) (10 * random.nextGaussian() - 30);
            rows[2][i] = Math.round(random.nextGaussian());
            rows[3][i] = i % 3 == 0 ? Float.NEGATIVE_INFINITY : -0f;
        }
        var settings =
                List.of(
                        RANDOM,
                        RANDOM.toBuilder().topP(0.95f).build(),
                        RANDOM.toBuilder().topP(0.9999f).temperature(5).build(),
                        RANDOM.toBuilder().topP(0.3f).temperature(100).build(),
                        RANDOM.toBuilder().topK(50).topP(0.9f).build(),
                        RANDOM.toBuilder().topK(1).build(),
                        RANDOM.toBuilder().topK(1500).topP(0.99f).build(),
                        RANDOM.toBuilder().topK(100_000).minP(0.0001f).build(),
                        RANDOM.toBuilder().topK(100_000).topP(0.5f).temperature(3).build(),
                        RANDOM.toBuilder().minP(0.05f).build(),
                        SamplingParams.greedy(1),
                        RANDOM.toBuilder().temperature(0.01f).topK(20).build());
        // With more threads than rows, they share each of them.
        try (var cpu = CpuDevice.open(2, variant);
                var many = CpuDevice.open(5, variant)) {
            for (var params : settings) {
                var each = new ArrayList<SamplingParams>();
                for (int r = 0; r < rows.length; r++) {
                    each.add(params.toBuilder().seed(r).build());
                }
                int[] drawn = assertSame(cpu, rows, each);
                assertThat(Samples.tokens(many, rows, each)).as("%s", params).isEqualTo(drawn);
            }
        }
    }

    private static int[] assertSame(CpuDevice cpu, float[][] rows, List<SamplingParams> params) {
        int n = rows[0].length;
        int[] actual = Samples.tokens(cpu, rows, params);
        var scratch = new SamplerScratch(n);
        for (int r = 0; r < rows.length; r++) {
            assertThat(actual[r])
                    .as("row %d of %d, %s", r, n, params.get(r))
                    .isEqualTo(onHost(rows[r], params.get(r), scratch));
        }
        return actual;
    }

    private static int onHost(float[] row, SamplingParams params, SamplerScratch scratch) {
        try {
            return new SequenceSampler(params, 0, Tokens.NONE, Tokens.NONE, row.length)
                    .next(Samples.segment(row), scratch)
                    .token();
        } catch (InvalidLogitsException e) {
            return -1;
        }
    }

    /// Every weight of a fixed total is somebody's: what a row gives at equally spaced numbers is its distribution.
    @ParameterizedTest
    @MethodSource("variants")
    void drawsEachTokenInProportionToItsWeight(String variant) {
        float[] row = {0, -1, 2, -0.5f, 1, 1};
        int draws = 4096;
        float[][] rows = new float[draws][];
        Arrays.fill(rows, row);
        try (var cpu = CpuDevice.open(2, variant)) {
            var x = Steps.floats(cpu, rows);
            var tokens = Tensor.allocate(cpu, "tokens", DType.I32, draws, 1);
            var told = Tensor.allocate(cpu, "draws", DType.I32, draws, Draw.COLUMNS);
            float scale = SoftmaxWeight.scale(1);
            for (int i = 0; i < draws; i++) {
                long random = ((long) i << 52) + (1L << 51);
                new Draw(scale, SoftmaxWeight.FARTHEST, 0, 0, random).write(told.contents(), i);
            }
            Steps.run(cpu, enc -> enc.sample(tokens, x, told));
            int[] found = new int[row.length];
            for (int i = 0; i < draws; i++) {
                found[Steps.intAt(tokens, i)]++;
            }
            double total = 0;
            for (float logit : row) {
                total += StrictMath.exp(logit);
            }
            for (int i = 0; i < row.length; i++) {
                assertThat(Math.abs(found[i] - draws * StrictMath.exp(row[i]) / total))
                        .as("token %d", i)
                        .isLessThanOrEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void sumsWeightsToTheBit(String variant) {
        sumsWeightsToTheBit(variant, 2, new int[] {1, 63, 65, 5003, 151_936});
        sumsWeightsToTheBit(variant, 13, new int[] {32_768, 151_936});
    }

    private static void sumsWeightsToTheBit(String variant, int threads, int[] sizes) {
        try (var cpu = CpuDevice.open(threads, variant)) {
            for (int n : sizes) {
                float[][] rows = Samples.rows(n, n);
                var x = Data.strided(cpu, rows, 1);
                var sums = Steps.ints(cpu, new int[rows.length][4]).columns(1, 3);
                Steps.run(cpu, enc -> enc.softmaxSums(sums, x));
                for (int r = 0; r < rows.length; r++) {
                    long low = Integer.toUnsignedLong(Steps.intAt(sums.columns(1, 1), r));
                    long found = (long) Steps.intAt(sums.columns(2, 1), r) << 32 | low;
                    float max = Float.intBitsToFloat(Steps.intAt(sums, r));
                    long expected = 0;
                    for (float logit : rows[r]) {
                        expected =
                                Float.isNaN(logit) || logit == Float.POSITIVE_INFINITY
                                        ? -1
                                        : expected;
                        if (expected >= 0 && logit > Float.NEGATIVE_INFINITY) {
                            float scale = SoftmaxWeight.scale(1);
                            expected += SoftmaxWeight.of(SoftmaxWeight.distance(logit, max, scale));
                        }
                    }
                    assertThat(found).as("row %d of %d", r, n).isEqualTo(Math.max(0, expected));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void editsToTheBitWhatTheHostWould(String variant) {
        var random = new Random(9);
        try (var cpu = CpuDevice.open(2, variant)) {
            for (int n : new int[] {1, 7, 1000}) {
                assertThat(Samples.edited(cpu, random, n)).hasDimensions(5, n);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void anEditOfNoTokenFailsTheStep(String variant) {
        try (var cpu = CpuDevice.open(1, variant)) {
            var x = Steps.floats(cpu, new float[5], new float[5]);
            for (int token : new int[] {-1, 5}) {
                var edits = LogitEdits.allocate(cpu, 2, 3);
                edits.write(0, 4, 0, 1, 0, 0);
                edits.write(1, token, 0, 1, 0, 0);
                edits.endRow(0, 1);
                edits.endRow(1, 2);
                assertThatThrownBy(() ->
                                Steps.run(cpu, enc -> enc.processLogits(x, edits.first(2, 2))))
                        .isInstanceOf(DeviceException.class);
            }
            var outside = LogitEdits.allocate(cpu, 2, 3);
            outside.endRow(0, 2);
            outside.endRow(1, 1);
            assertThatThrownBy(
                            () -> Steps.run(cpu, enc -> enc.processLogits(x, outside.first(2, 3))))
                    .isInstanceOf(DeviceException.class);
            MemorySegment.copy(
                    new int[] {0, 1, 4},
                    0,
                    outside.rowStarts().contents(),
                    ValueLayout.JAVA_INT,
                    0,
                    3);
            assertThatThrownBy(
                            () -> Steps.run(cpu, enc -> enc.processLogits(x, outside.first(2, 3))))
                    .isInstanceOf(DeviceException.class);
        }
    }
}
