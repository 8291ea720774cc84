package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.metal.SoftMetal;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.EngineGuardian;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineSettings;
import dev.ingot.scheduler.Engines;
import dev.ingot.worker.MetalWorkerActor;
import dev.ingot.worker.WorkerSettings;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
    private static final double TOLERANCE = 0.02;

    private final ActorTestKit kit = ActorTestKit.create();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    static List<Arguments> checkpoints() throws IOException {
        try (var folders = Files.list(GOLDENS)) {
            return folders.filter(folder -> Files.exists(folder.resolve("golden.json")))
                    // Quantized weights meet activations of 8 bits on the CPU: QuantizedGoldensTest
                    // bounds that.
                    .filter(folder -> !folder.endsWith("gpt-oss-mxfp4"))
                    .sorted()
                    .flatMap(folder ->
                            Stream.of("cpu", "metal", "metal, fast")
                                    .map(device -> Arguments.of(device, folder)))
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
        var guardian =
                kit.spawn(
                        EngineGuardian.create(
                                new EngineSettings("golden", 8, 24, 100, true),
                                reportTo ->
                                        MetalWorkerActor.create(
                                                settings(device, folder),
                                                reportTo,
                                                System::nanoTime),
                                _ -> {},
                                new EngineMetrics(new PrometheusRegistry(), "golden"),
                                System::nanoTime));
        var found = kit.<Engines.Answer>createTestProbe();
        var wanted = new Engines.Wanted(1, "golden", Tokens.NONE, "", 1, false, "");
        guardian.tell(new Engines.Find(wanted, null, false, found.ref()));
        var engine = found.expectMessageClass(Engines.Found.class, Duration.ofSeconds(20)).engine();
        var client = kit.<Engine.Event>createTestProbe();
        for (int i = 0; i < goldens.size(); i++) {
            var golden = goldens.get(i);
            var params =
                    SamplingParams.greedy(golden.path("token_ids").size()).toBuilder()
                            .logprobs(0)
                            .build();
            engine.tell(
                    new Engine.Submit(
                            new SequenceId(i, 0),
                            0,
                            tokens(golden.path("prompt_token_ids")),
                            Tokens.NONE,
                            params,
                            Caller.ANYONE,
                            "",
                            Integer.MAX_VALUE,
                            false,
                            client.ref()));
        }
        var output = new ArrayList<Tokens>();
        var logprobs = new ArrayList<List<Float>>();
        for (int i = 0; i < goldens.size(); i++) {
            output.add(Tokens.NONE);
            logprobs.add(new ArrayList<>());
        }
        for (int finished = 0; finished < goldens.size(); ) {
            switch (client.receiveMessage(Duration.ofSeconds(20))) {
                case Engine.Accepted _ -> {}
                case Engine.TokensSampled sampled -> {
                    int i = (int) sampled.sequence().request();
                    output.set(i, output.get(i).plus(sampled.tokens()));
                    sampled.logprobs().forEach(each -> logprobs.get(i).add(each.logprob()));
                }
                case Engine.Finished _ -> finished++;
                case Engine.Event unexpected -> throw new AssertionError(unexpected.toString());
            }
        }
        for (int i = 0; i < goldens.size(); i++) {
            var golden = goldens.get(i);
            assertThat(output.get(i))
                    .as("%s, prompt %d", folder, i)
                    .isEqualTo(tokens(golden.path("token_ids")));
            for (int t = 0; t < logprobs.get(i).size(); t++) {
                double expected = golden.path("logprobs").path(t).doubleValue();
                assertThat(Math.abs(logprobs.get(i).get(t) - expected))
                        .as("%s, prompt %d, token %d", folder, i, t)
                        .isLessThan(TOLERANCE);
            }
        }
    }
}
