package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.metal.SoftMetal;
import dev.ingot.worker.WorkerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Every architecture, weight type and rope spelling against what transformers computes in float32, through the whole
/// engine on the CPU and on the Metal device: all prompts of a checkpoint in one batch, prefilled in chunks.
final class FamilyGoldenTest {
    private static final Path GOLDENS = Path.of("src", "test", "resources", "goldens");

    /// Some hundred units wide: slow on the software device, so there on demand only.
    private static final Path WIDE = Path.of("src", "test", "resources", "wide-goldens");

    private static final boolean ALL = Boolean.getBoolean("ingot.formats");
    private static final double TOLERANCE = 0.02;

    private final ActorTestKit kit = ActorTestKit.create();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    static List<Arguments> checkpoints() throws IOException {
        var all = new ArrayList<Arguments>();
        for (var folder : folders(GOLDENS)) {
            // Quantized weights meet activations of 8 bits on the CPU: QuantizedGoldensTest bounds
            // that.
            boolean isQuantized = folder.endsWith("gpt-oss-mxfp4");
            Stream.of("cpu", "metal", "metal, fast")
                    .filter(device -> !isQuantized || !device.equals("cpu"))
                    .forEach(device -> all.add(Arguments.of(device, folder)));
        }
        for (var folder : folders(WIDE)) {
            Stream.of("cpu", "metal", "metal, fast")
                    .filter(device -> ALL || device.equals("cpu"))
                    .forEach(device -> all.add(Arguments.of(device, folder)));
        }
        return all;
    }

    private static List<Path> folders(Path of) throws IOException {
        try (var folders = Files.list(of)) {
            return folders.filter(folder -> Files.exists(folder.resolve("golden.json")))
                    .sorted()
                    .toList();
        }
    }

    private static WorkerSettings settings(String device, Path folder) {
        boolean fast = device.endsWith(", fast");
        return new WorkerSettings(
                folder,
                fast ? "metal" : device,
                2,
                OptionalInt.of(128),
                8,
                24, // smaller than the longest prompt, so that it is cut into chunks
                4,
                OptionalLong.of(4 << 20),
                OptionalDouble.empty(),
                DType.F32, // Random weights make sharp attention: halves would decide near ties.
                WeightLoading.AS_STORED,
                fast ? Numerics.FAST : Numerics.EXACT);
    }

    private static Tokens tokens(JsonNode array) {
        var ids = new ArrayList<Integer>();
        array.forEach(id -> ids.add(id.intValue()));
        return Tokens.of(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("checkpoints")
    void everyGreedyTokenIsEqualAndEveryLogProbabilityWithinTolerance(String device, Path folder) {
        if (!device.equals("cpu")) {
            SoftMetal.require();
        }
        var goldens =
                TestServer.JSON.readTree(folder.resolve("golden.json").toFile()).path("goldens");
        assertThat(goldens.size()).isGreaterThanOrEqualTo(3);
        var asked = new ArrayList<EngineRun.Asked>();
        for (var golden : goldens) {
            var params = SamplingParams.greedy(golden.path("token_ids").size()).toBuilder();
            asked.add(
                    new EngineRun.Asked(
                            tokens(golden.path("prompt_token_ids")), params.logprobs(0).build()));
        }
        var told = EngineRun.of(kit, settings(device, folder), asked);
        for (int i = 0; i < goldens.size(); i++) {
            var golden = goldens.get(i);
            assertThat(told.get(i).tokens())
                    .as("%s, prompt %d", folder, i)
                    .isEqualTo(tokens(golden.path("token_ids")));
            var logprobs = told.get(i).logprobs();
            for (int t = 0; t < logprobs.size(); t++) {
                double expected = golden.path("logprobs").path(t).doubleValue();
                assertThat(Math.abs(logprobs.get(t) - expected))
                        .as("%s, prompt %d, token %d", folder, i, t)
                        .isLessThan(TOLERANCE);
            }
        }
    }
}
