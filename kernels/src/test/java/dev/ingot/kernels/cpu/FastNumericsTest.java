package dev.ingot.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ingot.engine.model.GoldenLogprobs;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.Numerics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What rounding activations to BF16 costs: the log probability of every token of the goldens of models in BF16, against
/// what transformers computed in F32. Their weights are random and their logits sharp, so that a trained model loses less.
final class FastNumericsTest {
    private static final Logger LOG = LoggerFactory.getLogger(FastNumericsTest.class);
    private static final String GOLDENS = "it-tests/src/test/resources/goldens";

    static List<Path> inBf16() throws IOException {
        var here =
                Stream.iterate(Path.of("").toAbsolutePath(), Objects::nonNull, Path::getParent)
                        .map(at -> at.resolve(GOLDENS))
                        .filter(Files::isDirectory)
                        .findFirst();
        if (here.isEmpty()) {
            return abort(GOLDENS + " is not at hand");
        }
        try (var folders = Files.list(here.get())) {
            return folders.filter(f -> f.toString().endsWith("-bf16")).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("inBf16")
    void fastLogProbabilitiesStayNearTheGoldens(Path folder) throws IOException {
        assumeTrue(
                CpuFeatures.rounds(CpuFeatures.probe().best(Numerics.FAST)),
                "no products of BF16 pairs here");
        var golden =
                JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("golden.json")));
        double fast = 0;
        double exact = 0;
        int count = 0;
        for (var prompt : golden.get("goldens")) {
            double[] rounded = logprobs(folder, Numerics.FAST, prompt);
            double[] whole = logprobs(folder, Numerics.EXACT, prompt);
            for (int t = 0; t < rounded.length; t++) {
                double expected = prompt.get("logprobs").get(t).doubleValue();
                fast += Math.abs(rounded[t] - expected);
                exact += Math.abs(whole[t] - expected);
                count++;
            }
        }
        LOG.info(
                String.format(
                        Locale.ROOT,
                        "%-24s fast %.5f, exact %.5f",
                        folder.getFileName(),
                        fast / count,
                        exact / count));
        assertThat(fast / count).isLessThan(0.05);
        assertThat(fast).as("rounding shows").isGreaterThan(exact);
    }

    private static double[] logprobs(Path folder, Numerics numerics, JsonNode prompt) {
        return GoldenLogprobs.of(
                folder, CpuDevice.open(2, numerics), WeightLoading.AS_STORED, prompt);
    }
}
