package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ingot.engine.files.ModelFiles;
import dev.ingot.engine.model.GgufTwin;
import dev.ingot.engine.model.GoldenLogprobs;
import dev.ingot.engine.model.ModelMemory;
import dev.ingot.engine.model.Models;
import dev.ingot.engine.model.StepLimits;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.weights.GgmlType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/// The tiny models of every family, quantized in every way, on the CPU:
///
/// - against the reference device with the same levels: what the kernels add. That is what rounding rows to 8 bits adds
///   where they meet quantized weights, twice at most for the chance of each rounding, and a thousandth of what
///   rounding them everywhere would add for the arithmetic of floats ([RoundedActivations], QuantizedFormatsTest);
/// - against what transformers computed with the weights in full: what quantizing costs a model whose weights are random
///   and whose logits are sharp, which is more than it costs a trained one. No device has a part in that: the
///   bounds are what README states.
///
/// Each is the log probability of a golden's next token, at every position of the golden.
final class QuantizedGoldensTest {
    private static final Logger LOG = LoggerFactory.getLogger(QuantizedGoldensTest.class);
    private static final String GOLDENS = "it-tests/src/test/resources/goldens";
    private static final int LONGEST_PROMPT = 33;
    private static final double TIMES = 2;
    private static final double FLOATS = 0.001;

    /// A way to quantize, with the largest mean error over positions that is accepted of it against the model in full.
    enum Form {
        AS_STORED(0.001),
        LOAD_8BIT(0.1),
        LOAD_4BIT(1.8),
        GGUF_Q8_0(0.1),
        GGUF_Q4_0(1.8);

        private final double ofModel;

        Form(double ofModel) {
            this.ofModel = ofModel;
        }

        private WeightLoading loading() {
            return switch (this) {
                case LOAD_8BIT -> WeightLoading.QUANTIZE_8BIT;
                case LOAD_4BIT -> WeightLoading.QUANTIZE_4BIT;
                case AS_STORED, GGUF_Q8_0, GGUF_Q4_0 -> WeightLoading.AS_STORED;
            };
        }

        private Path model(Path folder, Path temporary) throws IOException {
            return switch (this) {
                case AS_STORED, LOAD_8BIT, LOAD_4BIT -> folder;
                case GGUF_Q8_0 -> twin(folder, temporary, GgmlType.Q8_0);
                case GGUF_Q4_0 -> twin(folder, temporary, GgmlType.Q4_0);
            };
        }

        private static Path twin(Path folder, Path temporary, GgmlType type) throws IOException {
            assumeTrue(GgufTwin.exists(folder), "llama.cpp has no such models");
            var file = temporary.resolve("model.gguf");
            GgufTwin.write(folder, file, type);
            return file;
        }
    }

    @TempDir private Path temporary;

    static List<Path> quantizable() throws IOException {
        var here =
                Stream.iterate(Path.of("").toAbsolutePath(), Objects::nonNull, Path::getParent)
                        .map(at -> at.resolve(GOLDENS))
                        .filter(Files::isDirectory)
                        .findFirst();
        if (here.isEmpty()) {
            return abort(GOLDENS + " is not at hand");
        }
        try (var folders = Files.list(here.get())) {
            return folders.filter(
                            f -> f.toString().matches(".*-quantizable|.*gpt-oss-.*|.*post-norm"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("quantizable")
    void errorsStayWithinWhatIsStated(Path folder) throws IOException {
        var golden =
                JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("golden.json")));
        // A router near a tie sends a token elsewhere: gpt-oss's four experts are random, and
        // nothing alike.
        double slack = folder.getFileName().toString().startsWith("gpt-oss") ? 2.5 : 1;
        for (var form : Form.values()) {
            if (form.name().startsWith("GGUF") && !GgufTwin.exists(folder)) {
                continue;
            }
            var model = form.model(folder, temporary);
            double ofKernels = 0;
            double ofRounding = 0;
            double ofAllRounding = 0;
            double ofModel = 0;
            int count = 0;
            for (var prompt : golden.get("goldens")) {
                if (prompt.get("prompt_token_ids").size() > LONGEST_PROMPT) {
                    continue;
                }
                double[] cpu = GoldenLogprobs.of(model, CpuDevice.open(2), form.loading(), prompt);
                double[] exact =
                        GoldenLogprobs.of(model, new ReferenceDevice(), form.loading(), prompt);
                double[] rounded =
                        GoldenLogprobs.of(
                                model, RoundedActivations.asOnTheCpu(), form.loading(), prompt);
                double[] allRounded =
                        GoldenLogprobs.of(
                                model, RoundedActivations.everywhere(), form.loading(), prompt);
                for (int t = 0; t < cpu.length; t++) {
                    ofKernels += Math.abs(cpu[t] - exact[t]);
                    ofRounding += Math.abs(rounded[t] - exact[t]);
                    ofAllRounding += Math.abs(allRounded[t] - exact[t]);
                    ofModel += Math.abs(exact[t] - prompt.get("logprobs").get(t).doubleValue());
                    count++;
                }
            }
            LOG.info(
                    String.format(
                            Locale.ROOT,
                            "%-24s %-10s kernels %.1e, rounding %.1e, of all %.1e, model %.4f",
                            folder.getFileName(),
                            form,
                            ofKernels / count,
                            ofRounding / count,
                            ofAllRounding / count,
                            ofModel / count));
            assertThat(ofKernels / count)
                    .as("%s, %s: kernels", folder, form)
                    .isLessThan((TIMES * ofRounding + FLOATS * ofAllRounding) / count);
            assertThat(ofModel / count)
                    .as("%s, %s: model", folder, form)
                    .isLessThan(slack * form.ofModel);
        }
    }

    @ParameterizedTest
    @MethodSource("quantizable")
    void theMemoryThatWasForetoldIsTheMemoryThatIsTaken(Path folder) throws IOException {
        for (var form : Form.values()) {
            if (form.name().startsWith("GGUF") && !GgufTwin.exists(folder)) {
                continue;
            }
            var files = ModelFiles.at(form.model(folder, temporary));
            var config = files.config();
            var limits = new StepLimits(8, 2);
            try (var weights = files.weights();
                    var device = CpuDevice.open(2)) {
                var memory =
                        ModelMemory.of(
                                weights, config, form.loading(), device, limits, 16, DType.F16);
                assertThat(device.allocatedBytes()).as("nothing is allocated yet").isZero();
                var cache = device.kvCache(Models.kvGeometry(config, 16, 1, DType.F16));
                Models.load(weights, config, form.loading(), device, limits, cache);
                long taken = device.allocatedBytes() - memory.kvBytesPerBlock();
                long foretold = memory.weightBytes() + memory.activationBytes();
                assertThat((double) foretold)
                        .as("%s, %s", folder, form)
                        .isCloseTo((double) taken, withinPercentage(12));
            }
        }
    }
}
