package dev.ingot.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.ingot.engine.model.GgufTwin;
import dev.ingot.engine.model.GoldenLogprobs;
import dev.ingot.engine.model.QuantizedTwin;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.weights.GgmlType;
import dev.ingot.engine.weights.Quantized;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.metal.MetalDevice;
import dev.ingot.kernels.metal.SoftMetal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Two goldens whose rows every format can hold, converted to each of them. The model that the levels stand for is written
/// in full beside it, and computed in double precision; mean differences of the log probabilities of the golden's tokens:
///
/// - the quantized file, computed in double precision too: what reading it adds, nothing;
/// - the same on a device: what its kernels add; the CPU's round activations to 8 bits, Metal's do not;
/// - the golden itself: what quantizing costs random weights.
///
/// It takes minutes, so `-Dingot.formats=true` has to ask for it.
@EnabledIfSystemProperty(named = "ingot.formats", matches = "true")
final class QuantizedFormatsTest {
    private static final Logger LOG = LoggerFactory.getLogger(QuantizedFormatsTest.class);
    private static final String GOLDENS = "it-tests/src/test/resources/wide-goldens";
    private static final double OF_READING = 1e-5;
    private static final double OF_METAL = 1e-3;
    private static final double OF_CPU = 0.5;

    /// A format, and the largest mean error against the golden that is accepted of it.
    enum Form {
        GGUF_Q8_0(GgmlType.Q8_0, 0.3),
        GGUF_Q6_K(GgmlType.Q6_K, 0.9),
        GGUF_Q5_K(GgmlType.Q5_K, 1.8),
        GGUF_Q5_1(GgmlType.Q5_1, 1.8),
        GGUF_Q5_0(GgmlType.Q5_0, 1.8),
        GGUF_Q4_K(GgmlType.Q4_K, 3.6),
        GGUF_Q4_1(GgmlType.Q4_1, 3.6),
        GGUF_Q4_0(GgmlType.Q4_0, 3.6),
        GGUF_MXFP4(GgmlType.MXFP4, 10),
        MLX_8(8, 64, 0.3),
        MLX_6(6, 64, 0.9),
        MLX_5(5, 64, 1.8),
        MLX_4(4, 64, 3.6),
        MLX_3(3, 64, 10),
        MLX_2(2, 32, 20),
        MLX_MXFP4(0, 32, 10);

        private final GgmlType type;
        private final int bits;
        private final int granule;
        private final double ofModel;

        Form(GgmlType type, double ofModel) {
            this.type = type;
            this.bits = 0;
            this.granule = type.blockElements();
            this.ofModel = ofModel;
        }

        Form(int bits, int group, double ofModel) {
            this.type = GgmlType.F32;
            this.bits = bits;
            this.granule = group;
            this.ofModel = ofModel;
        }

        private Function<float[], Quantized> quantizer() {
            if (type != GgmlType.F32) {
                return values -> Quantized.blocks(type, values);
            }
            return bits == 0 ? Quantized::mlxMxfp4 : values -> Quantized.mlx(values, bits, granule);
        }

        /// The golden in this format.
        private Path write(Path folder, Path temporary) throws IOException {
            if (type != GgmlType.F32) {
                var file = temporary.resolve("model.gguf");
                GgufTwin.write(folder, file, type);
                return file;
            }
            var target = temporary.resolve("mlx");
            QuantizedTwin.mlx(
                    folder,
                    target,
                    bits == 0 ? "mxfp4" : "affine",
                    bits == 0 ? 4 : bits,
                    granule,
                    quantizer());
            return target;
        }
    }

    @TempDir private Path temporary;

    static List<Arguments> conversions() {
        var goldens =
                Stream.iterate(Path.of("").toAbsolutePath(), Objects::nonNull, Path::getParent)
                        .map(at -> at.resolve(GOLDENS))
                        .filter(Files::isDirectory)
                        .findFirst();
        if (goldens.isEmpty()) {
            return abort(GOLDENS + " is not at hand");
        }
        return Stream.of("llama-256", "qwen3-moe-256")
                .flatMap(name ->
                        Arrays.stream(Form.values())
                                .map(form -> Arguments.of(goldens.get().resolve(name), form)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("conversions")
    void aConvertedModelIsTheModelThatItsLevelsStandFor(Path folder, Form form) throws IOException {
        var golden = golden(folder);
        var file = form.write(folder, temporary);
        var full = temporary.resolve("full");
        QuantizedTwin.dequantized(folder, full, form.granule, form.quantizer());
        double[] expected = logprobs(full, new ReferenceDevice(), golden);
        double ofReading = distance(expected, logprobs(file, new ReferenceDevice(), golden));
        double ofCpu = distance(expected, logprobs(file, CpuDevice.open(2), golden));
        double ofModel = distance(expected, published(golden));
        LOG.info(
                String.format(
                        Locale.ROOT,
                        "%-14s %-10s reading %.1e, CPU %.4f, model %.4f",
                        folder.getFileName(),
                        form,
                        ofReading,
                        ofCpu,
                        ofModel));
        assertThat(ofReading).as("reading").isLessThan(OF_READING);
        assertThat(ofCpu).as("the CPU's kernels").isLessThan(OF_CPU);
        assertThat(ofModel).as("the format").isLessThan(form.ofModel);
    }

    @ParameterizedTest
    @MethodSource("conversions")
    void metalComputesWhatTheLevelsStandFor(Path folder, Form form) throws IOException {
        SoftMetal.require();
        var golden = golden(folder);
        var full = temporary.resolve("full");
        QuantizedTwin.dequantized(folder, full, form.granule, form.quantizer());
        double[] expected = logprobs(full, new ReferenceDevice(), golden);
        double[] found = logprobs(form.write(folder, temporary), MetalDevice.open(), golden);
        double ofMetal = distance(expected, found);
        LOG.info(
                String.format(
                        Locale.ROOT,
                        "%-14s %-10s Metal %.1e",
                        folder.getFileName(),
                        form,
                        ofMetal));
        assertThat(ofMetal).isLessThan(OF_METAL);
    }

    /// The prompt of 17 tokens.
    private static JsonNode golden(Path folder) throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readAllBytes(folder.resolve("golden.json")))
                .path("goldens")
                .path(2);
    }

    private static double[] logprobs(Path model, Device device, JsonNode golden) {
        return GoldenLogprobs.of(model, device, WeightLoading.AS_STORED, golden);
    }

    private static double[] published(JsonNode golden) {
        return golden.path("logprobs").valueStream().mapToDouble(JsonNode::doubleValue).toArray();
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs(a[i] - b[i]);
        }
        return sum / a.length;
    }
}
