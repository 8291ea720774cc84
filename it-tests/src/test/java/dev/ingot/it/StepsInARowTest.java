package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation.Reserved;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.metal.SoftMetal;
import dev.ingot.kernels.metal.objc.Frameworks;
import dev.ingot.worker.MetalWorkerActor;
import dev.ingot.worker.Worker;
import dev.ingot.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A worker that has the next step before the one that it runs has ended: it gives what it gives step by step.
final class StepsInARowTest {
    private static final int STEPS = 24;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Tokens PROMPT = Tokens.of(5, 900, 17, 1200, 33, 48, 7);

    private static final SamplingParams GREEDY =
            SamplingParams.greedy(100).toBuilder().temperature(0).build();
    private static final SamplingParams SAMPLED =
            SamplingParams.greedy(100).toBuilder().temperature(1).seed(7).build();
    private static final SamplingParams NARROW =
            SamplingParams.greedy(100).toBuilder()
                    .temperature(1.3f)
                    .topK(40)
                    .topP(0.9f)
                    .seed(3)
                    .build();
    private static final SamplingParams NOT_YET =
            SamplingParams.greedy(100).toBuilder()
                    .temperature(1)
                    .seed(4)
                    .minTokens(10)
                    .eosTokenIds(Tokens.of(5, 6, 7, 8))
                    .build();
    private static final SamplingParams PENALIZED =
            SamplingParams.greedy(100).toBuilder()
                    .temperature(1)
                    .seed(5)
                    .repetitionPenalty(1.3f)
                    .presencePenalty(0.5f)
                    .build();
    private static final SamplingParams WITH_LOGPROBS =
            SamplingParams.greedy(100).toBuilder().temperature(1).seed(6).logprobs(2).build();

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "metal"})
    void whatTheDeviceHandsOverItselfIsTheSameToken(String device) {
        if (device.equals("metal")) {
            SoftMetal.require();
        }
        try (var runner = new Runner(device)) {
            var params = List.of(GREEDY, SAMPLED, NARROW, NOT_YET);
            assertThat(runner.inARow(params)).isEqualTo(runner.oneByOne(params));
        }
    }

    @Test
    void aTokenThatPassesThroughTheHostIsTheSameToo() {
        try (var runner = new Runner("cpu")) {
            for (var params :
                    List.of(
                            List.of(GREEDY, PENALIZED),
                            List.of(WITH_LOGPROBS, SAMPLED),
                            List.of(PENALIZED, WITH_LOGPROBS, NARROW))) {
                assertThat(runner.inARow(params)).isEqualTo(runner.oneByOne(params));
            }
        }
    }

    @Test
    void aStepFailsWithTheOneBeforeItAndTheNextOneIsSound() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        SoftMetal.require();
        try (var runner = new Runner("metal")) {
            var params = List.of(GREEDY, SAMPLED);
            var expected = runner.oneByOne(params).getFirst();
            var broken = runner.first(100, 1000, runner.samplers(params));
            SoftMetal.fault("commandBuffer:1=outOfMemory");
            runner.execute(broken);
            runner.execute(
                    runner.next(broken, broken.stepId(), List.of(Slice.PENDING, Slice.PENDING)));
            for (long stepId : new long[] {100, 101}) {
                var failed = runner.replies.expectMessageClass(Worker.StepFailed.class, PATIENCE);
                assertThat(failed.stepId()).isEqualTo(stepId);
                assertThat(failed.kind()).isEqualTo(DeviceException.Kind.OUT_OF_MEMORY);
            }
            var sound = runner.first(102, 2000, runner.samplers(params));
            runner.execute(sound);
            assertThat(runner.sampled(102)).isEqualTo(expected);
        }
    }

    /// A worker and whoever sends it steps.
    private static final class Runner implements AutoCloseable {
        private final List<Slice> before = new ArrayList<>();
        private List<SequenceSampler> drawing = List.of();
        private final ActorTestKit kit = ActorTestKit.create();
        private final TestProbe<Worker.Reply> replies = kit.createTestProbe();
        private final ActorRef<Worker.Command> worker;
        private final Worker.Loaded loaded;
        private final KvAllocator blocks;

        Runner(String device) {
            var defaults = WorkerSettings.defaults(Path.of("..", "models", "ingot-small"));
            var settings =
                    new WorkerSettings(
                            defaults.model(),
                            device,
                            2,
                            OptionalInt.of(128),
                            8,
                            64,
                            16,
                            OptionalLong.empty(),
                            defaults.memoryFraction(),
                            defaults.kvCacheType());
            var reports = kit.<Worker.Report>createTestProbe();
            worker =
                    kit.spawn(
                            MetalWorkerActor.create(settings, reports.ref(), System::nanoTime),
                            MetalWorkerActor.props());
            loaded = reports.expectMessageClass(Worker.Loaded.class, PATIENCE);
            blocks = new KvAllocator(loaded.kv().blockSize(), loaded.kv().blockCount(), false);
        }

        @Override
        public void close() {
            kit.shutdownTestKit();
        }

        private List<SequenceSampler> samplers(List<SamplingParams> params) {
            var samplers = new ArrayList<SequenceSampler>();
            for (int i = 0; i < params.size(); i++) {
                samplers.add(
                        new SequenceSampler(
                                params.get(i), 0, PROMPT, Tokens.NONE, loaded.vocabulary()));
            }
            return samplers;
        }

        /// The step that computes the prompts, of sequences that are new to the allocator.
        private StepPlan first(long stepId, long request, List<SequenceSampler> samplers) {
            before.clear();
            drawing = samplers;
            for (int i = 0; i < samplers.size(); i++) {
                var id = new SequenceId(request + i, 0);
                before.add(slice(id, PROMPT, 0, samplers.get(i)));
            }
            return new StepPlan(stepId, before);
        }

        /// The step that computes one token more of each.
        ///
        /// @param tokens of each sequence
        private StepPlan next(StepPlan last, long afterStepId, List<Integer> tokens) {
            var slices = new ArrayList<Slice>();
            for (int i = 0; i < tokens.size(); i++) {
                var slice = before.get(i);
                slices.add(
                        slice(
                                slice.sequence(),
                                Tokens.of(tokens.get(i)),
                                slice.sequenceLength(),
                                drawing.get(i)));
            }
            before.clear();
            before.addAll(slices);
            return new StepPlan(last.stepId() + 1, afterStepId, slices, List.of());
        }

        private Slice slice(SequenceId id, Tokens tokens, int first, SequenceSampler sampler) {
            // Nothing is shared, so that only their number counts.
            var output = Tokens.of(new int[Math.max(0, first - PROMPT.size())]);
            var known = KnownTokens.of(PROMPT, output);
            var demand = new Demand(id, known, 0, first, tokens.size());
            var reserved = (Reserved) blocks.reserve(List.of(demand));
            return new Slice(id, tokens, first, reserved.slices().getFirst().table(), sampler);
        }

        private void execute(StepPlan plan) {
            worker.tell(new Worker.ExecuteStep(plan, replies.ref()));
        }

        private List<Integer> sampled(long stepId) {
            var reply = replies.expectMessageClass(Worker.StepCompleted.class, PATIENCE);
            assertThat(reply.stepId()).isEqualTo(stepId);
            return reply.outcomes().stream()
                    .map(outcome -> ((Worker.Sampled) outcome).sample().token())
                    .toList();
        }

        private List<List<Integer>> oneByOne(List<SamplingParams> params) {
            var told = new ArrayList<List<Integer>>();
            var plan = first(1, 0, samplers(params));
            for (int i = 0; i < STEPS; i++) {
                execute(plan);
                told.add(sampled(plan.stepId()));
                plan = next(plan, StepPlan.NONE, told.getLast());
            }
            return told;
        }

        private List<List<Integer>> inARow(List<SamplingParams> params) {
            var pending = params.stream().map(_ -> Slice.PENDING).toList();
            var told = new ArrayList<List<Integer>>();
            var plan = first(100, 1000, samplers(params));
            execute(plan);
            for (int i = 0; i < STEPS; i++) {
                var following = next(plan, plan.stepId(), pending);
                execute(following);
                told.add(sampled(plan.stepId()));
                plan = following;
            }
            sampled(plan.stepId());
            return told;
        }
    }
}
