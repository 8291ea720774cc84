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
import dev.ingot.kernels.cpu.RoundedActivations;
import dev.ingot.kernels.metal.MetalDevice;
import dev.ingot.kernels.metal.SoftMetal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Two goldens whose rows every format can hold, converted to each of them.
///
/// The model that the levels stand for is written in full beside the quantized file, and computed in double precision:
/// that is what everything is compared with, by the mean distance of the log probabilities of the goldens' tokens.
///
/// - The quantized file in double precision is the same model: what reading it adds is [#OF_READING], nothing.
/// - On the CPU, rows are rounded to 8 bits where they meet quantized weights. What that costs is known: a reference
///   that rounds them so, and is exact otherwise, is as far away. The two say the same to the last digits until a
///   rounding falls the other way, which the last bit of a float decides (Q4_0's 8 levels make ties of 63.5 steps);
///   from then on they are two draws of the same error, so that the CPU may be [#TIMES] as far.
/// - Metal's kernels multiply floats, as the CPU's do with full weights. A product errs by 1.3e-6 at most (MetalParityTest),
///   where rounding errs by 5e-3: by less than 1/3000 of it, and so does all between products. A device may be away
///   [#FLOATS] of what rounding costs.
/// - The golden itself is what transformers computed with the weights in full. Quantizing may cost [#TIMES] what it costs
///   the worst of [#DRAWS] models whose errors have the same sizes and drawn signs: a mistake in a format would
///   have a direction.
///
/// By default one prompt of each golden, and Metal where it reads the format by code of its own. `-Dingot.formats=true`
/// asks for all of them: minutes.
final class QuantizedFormatsTest {
    private static final Logger LOG = LoggerFactory.getLogger(QuantizedFormatsTest.class);
    private static final boolean ALL = Boolean.getBoolean("ingot.formats");
    private static final String GOLDENS = "it-tests/src/test/resources/wide-goldens";
    private static final double OF_READING = 1e-5;
    private static final double TIMES = 2;
    private static final int DRAWS = 4;
    private static final double FLOATS = 0.001;

    /// What full weights may be away from transformers' float32, as everywhere.
    private static final double OF_FLOAT32 = 0.02;

    enum Form {
        GGUF_F16(GgmlType.F16),
        GGUF_BF16(GgmlType.BF16),
        GGUF_Q8_0(GgmlType.Q8_0),
        GGUF_Q6_K(GgmlType.Q6_K),
        GGUF_Q5_K(GgmlType.Q5_K),
        GGUF_Q5_1(GgmlType.Q5_1),
        GGUF_Q5_0(GgmlType.Q5_0),
        GGUF_Q4_K(GgmlType.Q4_K),
        GGUF_Q4_1(GgmlType.Q4_1),
        GGUF_Q4_0(GgmlType.Q4_0),
        GGUF_MXFP4(GgmlType.MXFP4),
        MLX_8(8, 64),
        MLX_6(6, 64),
        MLX_5(5, 64),
        MLX_4(4, 64),
        MLX_3(3, 64),
        MLX_2(2, 32),
        MLX_MXFP4(0, 32);

        private final GgmlType type;
        private final int bits;
        private final int granule;

        Form(GgmlType type) {
            this.type = type;
            this.bits = -1;
            this.granule = type.blockElements();
        }

        /// MLX's.
        Form(int bits, int group) {
            this.type = GgmlType.F32;
            this.bits = bits;
            this.granule = group;
        }

        private boolean isFull() {
            return bits < 0 && granule == 1;
        }

        private Supplier<Device> rounding() {
            return isFull() ? RoundedActivations::everywhere : RoundedActivations::asOnTheCpu;
        }

        private Quantized quantized(float[] values) {
            return switch (bits) {
                case -1 -> Quantized.blocks(type, values);
                case 0 -> Quantized.mlxMxfp4(values);
                default -> Quantized.mlx(values, bits, granule);
            };
        }

        /// The golden in this format.
        private Path write(Path folder, Path target) throws IOException {
            if (bits < 0) {
                var file = target.resolve("model.gguf");
                GgufTwin.write(folder, file, type);
                return file;
            }
            var mode = bits == 0 ? "mxfp4" : "affine";
            QuantizedTwin.mlx(folder, target, mode, bits == 0 ? 4 : bits, granule, this::quantized);
            return target;
        }

        /// Whether the default run tries it on Metal: once for each way of reading levels there.
        private boolean isOneOfItsKind() {
            return List.of(GGUF_Q8_0, GGUF_Q6_K, GGUF_Q4_K, GGUF_Q4_0, MLX_4, MLX_3, MLX_MXFP4)
                    .contains(this);
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

    static List<Arguments> conversionsForMetal() {
        return conversions().stream()
                .filter(each -> ALL || ((Form) each.get()[1]).isOneOfItsKind())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("conversions")
    void aConvertedModelIsTheModelThatItsLevelsStandFor(Path folder, Form form) throws IOException {
        var goldens = new Goldens(folder);
        var file = form.write(folder, temporary);
        double[] expected = goldens.onLevels(form, temporary);
        double ofReading = distance(expected, goldens.logprobs(file, ReferenceDevice::new));
        double[] rounded = goldens.logprobs(file, form.rounding());
        double ofRounding = distance(expected, rounded);
        double[] cpu = goldens.logprobs(file, () -> CpuDevice.open(2));
        double ofCpu = distance(expected, cpu);
        double apart = median(cpu, form.isFull() ? expected : rounded);
        double ofFormat = distance(expected, goldens.published());
        double ofChance = goldens.worstOfDrawnSigns(form, temporary);
        LOG.info(
                String.format(
                        Locale.ROOT,
                        "%s | %s | reading %.1e | rounding %.4f, CPU %.4f, apart %.1e | format"
                                + " %.3f, drawn %.3f",
                        folder.getFileName(),
                        form,
                        ofReading,
                        ofRounding,
                        ofCpu,
                        apart,
                        ofFormat,
                        ofChance));
        assertThat(ofReading).as("reading").isLessThan(OF_READING);
        assertThat(ofCpu)
                .as("the CPU's kernels")
                .isLessThan((form.isFull() ? FLOATS : TIMES) * ofRounding);
        assertThat(ofFormat).as("the format").isLessThan(TIMES * ofChance + OF_FLOAT32);
    }

    @ParameterizedTest
    @MethodSource("conversionsForMetal")
    void metalComputesWhatTheLevelsStandFor(Path folder, Form form) throws IOException {
        SoftMetal.require();
        var goldens = new Goldens(folder);
        var file = form.write(folder, temporary);
        double[] expected = goldens.onLevels(form, temporary);
        double ofRounding = distance(expected, goldens.logprobs(file, form.rounding()));
        double ofMetal = distance(expected, goldens.logprobs(file, MetalDevice::open));
        LOG.info(
                String.format(
                        Locale.ROOT, "%s | %s | Metal %.1e", folder.getFileName(), form, ofMetal));
        assertThat(ofMetal).isLessThan(FLOATS * ofRounding);
    }

    /// Prompts of a golden, with what transformers said after them.
    private static final class Goldens {
        private final Path folder;
        private final List<JsonNode> prompts;

        Goldens(Path folder) throws IOException {
            this.folder = folder;
            var all =
                    JsonMapper.shared()
                            .readTree(Files.readAllBytes(folder.resolve("golden.json")))
                            .path("goldens");
            prompts = ALL ? all.valueStream().toList() : List.of(all.path(2));
        }

        double[] logprobs(Path model, Supplier<? extends Device> device) {
            return prompts.stream()
                    .flatMapToDouble(each ->
                            DoubleStream.of(
                                    GoldenLogprobs.of(
                                            model, device.get(), WeightLoading.AS_STORED, each)))
                    .toArray();
        }

        double[] onLevels(Form form, Path temporary) throws IOException {
            var full = temporary.resolve("levels");
            QuantizedTwin.inFull(folder, full, form.granule, w -> form.quantized(w).values());
            return logprobs(full, ReferenceDevice::new);
        }

        /// How far models are away whose weights err as much as the format's, to sides that are drawn.
        double worstOfDrawnSigns(Form form, Path temporary) throws IOException {
            double worst = 0;
            for (int draw = 0; draw < DRAWS; draw++) {
                var random = new Random(draw);
                var full = temporary.resolve("signs" + draw);
                QuantizedTwin.inFull(
                        folder,
                        full,
                        form.granule,
                        w -> {
                            float[] values = form.quantized(w).values();
                            for (int i = 0; i < w.length; i++) {
                                float error = values[i] - w[i];
                                values[i] = w[i] + (random.nextBoolean() ? error : -error);
                            }
                            return values;
                        });
                worst =
                        Math.max(
                                worst, distance(logprobs(full, ReferenceDevice::new), published()));
            }
            return worst;
        }

        double[] published() {
            return prompts.stream()
                    .flatMap(each -> each.path("logprobs").valueStream())
                    .mapToDouble(JsonNode::doubleValue)
                    .toArray();
        }
    }

    private static double median(double[] a, double[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .sorted()
                .toArray()[a.length / 2];
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs(a[i] - b[i]);
        }
        return sum / a.length;
    }
}
