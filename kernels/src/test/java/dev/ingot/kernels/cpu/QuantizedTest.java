package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Dequantized;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.QuantizedWeights;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

final class QuantizedTest {
    private static final Logger LOG = LoggerFactory.getLogger(QuantizedTest.class);

    static Stream<Arguments> variantsAndFormats() {
        return CpuDevice.variants().stream()
                .flatMap(variant ->
                        Arrays.stream(QuantizedWeights.values())
                                .map(format -> Arguments.of(variant, format)));
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void embeddingIsTheNearestFloatToEachWeight(String variant, QuantizedWeights format) {
        int in = format.granule() * 3;
        List<WeightSource> parts = format.parts(in, 5, 33, 1, 40);
        try (var cpu = CpuDevice.open(2, variant)) {
            var table = cpu.matrix("embedding", parts);
            int[] ids = IntStream.range(0, table.out()).toArray();
            var out = Data.strided(cpu, Data.rows(1, ids.length, in), 5);
            var column = Steps.column(cpu, ids);
            Steps.run(cpu, enc -> enc.embed(out, table, column));
            int row = 0;
            for (WeightSource part : parts) {
                float[] expected = Dequantized.floats(part);
                for (int r = 0; r < part.out(); r++, row++) {
                    Data.assertSameBits(
                            "row " + row,
                            Steps.row(out, row),
                            Arrays.copyOfRange(expected, r * in, (r + 1) * in));
                }
            }
        }
    }

    /// The product with activations as they are: what quantizing these adds is within its bound.
    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void agreesWithTheOracleWithinWhatQuantizedActivationsMayCost(
            String variant, QuantizedWeights format) {
        try (var cpu = CpuDevice.open(2, variant)) {
            agreesWithTheOracle(cpu, format);
        }
    }

    private static void agreesWithTheOracle(CpuDevice cpu, QuantizedWeights format) {
        for (int rows : new int[] {1, 2, 5, 7, 13}) {
            for (int out : new int[] {1, 33, 70}) {
                int in = format.granule() * (rows % 3 + 1);
                WeightSource weights = format.make(out * 31L + rows, out, in);
                float[][] x = Data.rows(rows, rows, in);
                float[] bias = Data.rows(3, 1, out)[0];
                var y = Data.strided(cpu, Data.rows(4, rows, out), rows % 3);
                var input = Data.strided(cpu, x, rows % 2);
                var matrix = cpu.matrix("w", List.of(weights));
                var b = cpu.vector("bias", bias);
                Steps.run(cpu, enc -> enc.matmulAdd(y, input, matrix, b));
                float[][] actual = Data.read(y);
                float[] w = Dequantized.floats(weights);
                float[][] before = Data.rows(4, rows, out);
                for (int r = 0; r < rows; r++) {
                    for (int o = 0; o < out; o++) {
                        double exact = (double) before[r][o] + bias[o];
                        double bound = 1e-5;
                        for (int from = 0; from < in; from += 16) {
                            double largest = 0;
                            double magnitude = 0;
                            // The kernel's groups hold 16 to 64 inputs; the bound takes 64
                            // together.
                            int wide = from / 64 * 64;
                            for (int k = wide; k < Math.min(wide + 64, in); k++) {
                                largest = Math.max(largest, Math.abs(x[r][k]));
                            }
                            for (int k = from; k < from + 16; k++) {
                                exact += (double) w[o * in + k] * x[r][k];
                                magnitude += Math.abs(w[o * in + k]);
                            }
                            bound += 1.001 * magnitude * largest / 254;
                        }
                        assertThat((double) actual[r][o])
                                .as("%d rows, %d × %d: [%d, %d]", rows, out, in, r, o)
                                .isBetween(exact - bound, exact + bound);
                    }
                }
            }
        }
    }

    /// What the package's Javadoc states: the error that quantized activations add, relative to the size
    /// of the results, for normally distributed activations.
    @ParameterizedTest
    @EnumSource(QuantizedWeights.class)
    void quantizedActivationsAddLessThanTheErrorThatIsStated(QuantizedWeights format) {
        int in = 1024;
        int out = 256;
        int rows = 16;
        WeightSource weights = format.make(1, out, in);
        float[][] x = Data.rows(2, rows, in);
        float[] w = Dequantized.floats(weights);
        float[][] actual;
        try (var cpu = CpuDevice.open(2)) {
            actual = multiply(cpu, weights, x);
        }
        double error = 0;
        double size = 0;
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < out; o++) {
                double exact = 0;
                for (int k = 0; k < in; k++) {
                    exact += (double) w[o * in + k] * x[r][k];
                }
                error += Math.pow(actual[r][o] - exact, 2);
                size += exact * exact;
            }
        }
        double relative = Math.sqrt(error / size);
        LOG.info(
                "{}: {} of the results' size",
                format,
                String.format(Locale.ROOT, "%.2f %%", 100 * relative));
        assertThat(relative).isBetween(0.004, 0.0065);
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void aRowHasTheSameBitsHoweverManyRowsAndThreadsThereAre(
            String variant, QuantizedWeights format) {
        int in = format.granule() * 2;
        int most = 19;
        float[][] x = Data.rows(5, most, in);
        var weights = format.make(6, 150, in);
        float[][] expected = new float[most][];
        try (var cpu = CpuDevice.open(1, variant)) {
            for (int r = 0; r < most; r++) {
                expected[r] = multiply(cpu, weights, new float[][] {x[r]})[0];
            }
        }
        for (int threads = 1; threads <= 3; threads++) {
            try (var cpu = CpuDevice.open(threads, variant)) {
                for (int rows = 2; rows <= most; rows += 1 + rows / 8) {
                    float[][] actual = multiply(cpu, weights, Arrays.copyOf(x, rows));
                    for (int r = 0; r < rows; r++) {
                        Data.assertSameBits(
                                threads + " threads, row " + r + " of " + rows,
                                actual[r],
                                expected[r]);
                    }
                }
            }
        }
    }

    /// Items of many panels and of odd numbers of groups, fewer rows than go at once and more.
    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void panelsThatFollowEachOtherHaveTheBitsOfRowsAlone(String variant, QuantizedWeights format) {
        int in = format.granule() * 3;
        float[][] x = Data.rows(9, 130, in);
        var weights = format.make(10, 600, in);
        try (var cpu = CpuDevice.open(1, variant)) {
            float[][] alone = new float[x.length][];
            for (int rows : new int[] {3, 16, 33, 64, 70, 130}) {
                float[][] together = multiply(cpu, weights, Arrays.copyOf(x, rows));
                for (int r = 0; r < rows; r += r % 16 == 0 ? 1 : 15) {
                    if (alone[r] == null) {
                        alone[r] = multiply(cpu, weights, new float[][] {x[r]})[0];
                    }
                    Data.assertSameBits("row " + r + " of " + rows, together[r], alone[r]);
                }
            }
        }
    }

    /// More rows than the team's scratch holds quantized: 8 MiB, a row of 60 000 inputs takes 67 KB.
    @Test
    void rowsThatDoNotFitTheScratchTogetherHaveTheBitsOfRowsAlone() {
        int in = 60_032;
        float[][] x = Data.rows(7, 300, in);
        var weights = QuantizedWeights.AFFINE_4_G64.make(8, 3, in);
        try (var cpu = CpuDevice.open(2)) {
            float[][] all = multiply(cpu, weights, x);
            for (int r : new int[] {0, 123, 124, 125, 299}) {
                float[] alone = multiply(cpu, weights, new float[][] {x[r]})[0];
                Data.assertSameBits("row " + r, all[r], alone);
            }
        }
    }

    /// Integers are exact and the floats around them are in one order: the variants with fused
    /// multiply-adds agree bit for bit.
    @ParameterizedTest
    @EnumSource(QuantizedWeights.class)
    void avx2AndAvx512AgreeBitForBit(QuantizedWeights format) {
        assumeThat(CpuDevice.variants()).contains("avx2", "avx512");
        int in = format.granule() * 4;
        float[][] x = Data.rows(5, 9, in);
        var weights = format.make(6, 100, in);
        try (var wide = CpuDevice.open(2, "avx512");
                var narrow = CpuDevice.open(2, "avx2")) {
            float[][] a = multiply(wide, weights, x);
            float[][] b = multiply(narrow, weights, x);
            for (int r = 0; r < x.length; r++) {
                Data.assertSameBits("row " + r, a[r], b[r]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void whatIsNotANumberSpoilsItsRowAndNoOther(String variant, QuantizedWeights format) {
        int in = format.granule() * 2;
        var weights = format.make(6, 40, in);
        for (float bad :
                new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[][] x = Data.rows(5, 3, in);
            x[1][in - 1] = bad;
            try (var cpu = CpuDevice.open(2, variant)) {
                float[][] y = multiply(cpu, weights, x);
                for (int o = 0; o < 40; o++) {
                    assertThat(y[0][o]).isFinite();
                    assertThat(y[1][o]).isNaN();
                    assertThat(y[2][o]).isFinite();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variantsAndFormats")
    void zerosAndTinyActivationsGiveZeros(String variant, QuantizedWeights format) {
        int in = format.granule();
        var weights = format.make(6, 40, in);
        float[][] x = new float[2][in];
        Arrays.fill(x[1], 1e-35f);
        try (var cpu = CpuDevice.open(1, variant)) {
            for (float[] row : multiply(cpu, weights, x)) {
                for (float y : row) {
                    assertThat(Math.abs(y)).isLessThan(1e-30f);
                }
            }
        }
    }

    @Test
    void partsOfDifferentQuantizationStackInTheWidestFormat() {
        int in = 256;
        List<WeightSource> parts =
                List.of(
                        QuantizedWeights.AFFINE_4_G64.make(1, 20, in),
                        QuantizedWeights.AFFINE_6_G64.make(2, 30, in),
                        QuantizedWeights.GGML_Q4_0.make(3, 7, in),
                        QuantizedWeights.GGML_Q6_K.make(4, 9, in));
        try (var cpu = CpuDevice.open(2)) {
            var table = cpu.matrix("mixed", parts);
            var ids = Steps.column(cpu, IntStream.range(0, 66).toArray());
            var out = Tensor.allocate(cpu, "out", DType.F32, 66, in);
            Steps.run(cpu, enc -> enc.embed(out, table, ids));
            int row = 0;
            for (WeightSource part : parts) {
                float[] expected = Dequantized.floats(part);
                for (int r = 0; r < part.out(); r++, row++) {
                    Data.assertSameBits(
                            part.name() + " row " + r,
                            Steps.row(out, row),
                            Arrays.copyOfRange(expected, r * in, (r + 1) * in));
                }
            }
            var dense = Data.weights(1, DType.BF16, 4, in);
            var mxfp4 = QuantizedWeights.MXFP4.make(1, 4, in);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cpu.matrix("w", List.of(parts.getFirst(), dense)))
                    .withMessageContaining("does not stack");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cpu.matrix("w", List.of(parts.getFirst(), mxfp4)))
                    .withMessageContaining("does not stack");
        }
    }

    /// Blocks and values as ggml itself gives them.
    @Test
    void ggmlBlocksAreWhatGgmlMakesOfThem() throws IOException {
        Path file = sharedData();
        assumeThat(file).as("shared/data/ggml_dequant.json").exists();
        List<String> seen = new ArrayList<>();
        for (var entry : JsonMapper.builder().build().readTree(file.toFile())) {
            String name = entry.get("type").asString().toUpperCase(Locale.ROOT);
            if (Arrays.stream(BlockWeights.Type.values()).noneMatch(t -> t.name().equals(name))) {
                continue;
            }
            seen.add(name);
            int n = entry.get("n").asInt();
            byte[] bytes = HexFormat.of().parseHex(entry.get("hex").asString());
            var weights =
                    new BlockWeights(
                            name,
                            BlockWeights.Type.valueOf(name),
                            1,
                            n,
                            MemorySegment.ofArray(bytes));
            try (var cpu = CpuDevice.open(1)) {
                var table = cpu.matrix(name, List.of(weights));
                var out = Tensor.allocate(cpu, "out", DType.F32, 1, n);
                var ids = Steps.column(cpu, 0);
                Steps.run(cpu, enc -> enc.embed(out, table, ids));
                float[] actual = Steps.row(out, 0);
                for (int i = 0; i < n; i++) {
                    float expected = (float) entry.get("floats").get(i).asDouble();
                    // ggml rounds the product and the difference, this rounds once.
                    assertThat(actual[i])
                            .as("%s [%d]", name, i)
                            .isBetween(
                                    expected - Math.ulp(expected) - 1e-9f,
                                    expected + Math.ulp(expected) + 1e-9f);
                }
            }
        }
        assertThat(seen)
                .containsExactlyInAnyOrder(
                        Arrays.stream(BlockWeights.Type.values())
                                .map(Enum::name)
                                .toArray(String[]::new));
    }

    private static Path sharedData() {
        Path at = Path.of("").toAbsolutePath();
        while (at != null) {
            Path file = at.resolve("shared/data/ggml_dequant.json");
            if (Files.exists(file)) {
                return file;
            }
            at = at.getParent();
        }
        return Path.of("shared/data/ggml_dequant.json");
    }

    private static float[][] multiply(Device device, WeightSource weights, float[][] x) {
        var matrix = device.matrix("w", List.of(weights));
        var input = Steps.floats(device, x);
        var out = Tensor.allocate(device, "out", DType.F32, x.length, weights.out());
        Steps.run(device, enc -> enc.matmul(out, input, matrix, null));
        return Data.read(out);
    }
}
