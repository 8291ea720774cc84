package dev.ingot.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.KvUsage;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.schedule.SchedulerLimits;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.worker.Worker;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Scheduler and allocator against a worker that notices every wrong block.
final class SchedulerActorTest {
    private static final int MAX_LENGTH = 128;
    private static final int PLENTY = Integer.MAX_VALUE;

    private final ActorTestKit kit = ActorTestKit.create();
    private final TestProbe<Engine.Event> client = kit.createTestProbe();
    private KvAllocator blocks = new KvAllocator(4, 1, true);

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    private ActorRef<Engine.Command> engine(
            SchedulerLimits limits, int blockCount, LongPredicate fails) {
        KvGeometry kv = FakeWorker.geometry(4, blockCount);
        blocks = new KvAllocator(4, blockCount, true);
        var metrics = new EngineMetrics(new PrometheusRegistry(), "fake");
        var worker = kit.spawn(FakeWorker.create(kv, fails));
        return engine(limits, kv, worker, metrics);
    }

    private ActorRef<Engine.Command> engine(
            SchedulerLimits limits,
            KvGeometry kv,
            ActorRef<Worker.Command> worker,
            EngineMetrics metrics) {
        var allocator = kit.spawn(BlockAllocatorActor.create(blocks, metrics));
        var loaded = FakeWorker.loaded(worker, kv, MAX_LENGTH);
        return kit.spawn(
                SchedulerActor.create(
                        loaded,
                        allocator,
                        limits,
                        metrics,
                        System::nanoTime,
                        new StepCost(),
                        Suspects.Snapshot.NONE,
                        _ -> {}));
    }

    private static SchedulerLimits limits() {
        return new SchedulerLimits(MAX_LENGTH, 8, 16, 100);
    }

    private Engine.Submit submit(int id, Tokens prompt, int maxTokens, int credit) {
        return submit(new SequenceId(id, 0), prompt, maxTokens, credit);
    }

    private Engine.Submit submit(SequenceId id, Tokens prompt, int maxTokens, int credit) {
        return new Engine.Submit(
                id,
                0,
                prompt,
                Tokens.NONE,
                SamplingParams.greedy(maxTokens),
                Caller.ANYONE,
                "",
                credit,
                false,
                client.ref());
    }

    private static Tokens prompt(Random random, int length) {
        return Tokens.of(random.ints(length, 0, FakeWorker.VOCABULARY).toArray());
    }

    private static Tokens expected(Tokens prompt, int count) {
        var all = prompt;
        for (int i = 0; i < count; i++) {
            all = all.plus(Tokens.of(FakeWorker.next(all)));
        }
        return Tokens.of(all.toArray(), prompt.size(), all.size());
    }

    /// What each sequence was told.
    private final class Transcript {
        private final Map<SequenceId, Tokens> output = new HashMap<>();
        private final Map<SequenceId, Engine.Event> ends = new HashMap<>();

        void read(int endings) {
            while (ends.size() < endings) {
                var event = client.receiveMessage(Duration.ofSeconds(20));
                var id = event.sequence();
                assertThat(ends).as("after the end: %s", event).doesNotContainKey(id);
                switch (event) {
                    case Engine.Accepted _ -> output.putIfAbsent(id, Tokens.NONE);
                    case Engine.TokensSampled sampled -> {
                        var before = output.getOrDefault(id, Tokens.NONE);
                        assertThat(sampled.firstIndex()).isEqualTo(before.size());
                        output.put(id, before.plus(sampled.tokens()));
                    }
                    case Engine.Finished _,
                            Engine.HandedBack _,
                            Engine.Failed _,
                            Engine.Rejected _,
                            Engine.Expired _ ->
                            ends.put(id, event);
                }
            }
        }
    }

    private void assertNothingHeld() {
        client.awaitAssert(() -> {
            KvUsage usage = blocks.usage();
            assertThat(usage.referenced() + usage.fenced()).isZero();
            return usage;
        });
        blocks.checkInvariants();
    }

    @Test
    void everySequenceGetsTheTokensThatItsOwnHistoryGives() {
        var engine = engine(limits(), 400, _ -> false);
        var random = new Random(1);
        var prompts = new ArrayList<Tokens>();
        for (int i = 0; i < 20; i++) {
            prompts.add(prompt(random, 1 + random.nextInt(60)));
            engine.tell(submit(i, prompts.get(i), 20, PLENTY));
        }
        var transcript = new Transcript();
        transcript.read(20);
        for (int i = 0; i < 20; i++) {
            assertThat(transcript.output.get(new SequenceId(i, 0)))
                    .isEqualTo(expected(prompts.get(i), 20));
        }
        assertNothingHeld();
    }

    @Test
    void aDrainingEngineTakesNothingNewAndFinishesWhatRuns() {
        var engine = engine(limits(), 400, _ -> false);
        var drained = kit.<Engines.Drained>createTestProbe();
        var prompts = new ArrayList<Tokens>();
        for (int i = 0; i < 12; i++) {
            prompts.add(prompt(new Random(i), 30));
            engine.tell(submit(i, prompts.get(i), 20, PLENTY));
        }
        engine.tell(new SchedulerActor.Drain(Duration.ofHours(1), drained.ref()));
        engine.tell(submit(99, prompts.getFirst(), 20, PLENTY));
        var transcript = new Transcript();
        transcript.read(13);
        for (int i = 0; i < 12; i++) {
            assertThat(transcript.output.get(new SequenceId(i, 0)))
                    .isEqualTo(expected(prompts.get(i), 20));
        }
        assertThat(transcript.ends.get(new SequenceId(99, 0)))
                .isInstanceOfSatisfying(
                        Engine.Rejected.class,
                        rejected ->
                                assertThat(rejected.reason()).isEqualTo(Engine.Rejection.DRAINING));
        drained.expectMessage(Engines.Drained.INSTANCE);
        assertNothingHeld();
    }

    @Test
    void whatHasNotEndedWithinTheGraceIsHandedBack() {
        var engine = engine(limits(), 400, _ -> false);
        var drained = kit.<Engines.Drained>createTestProbe();
        for (int i = 0; i < 12; i++) { // Eight run, four wait, none may go on.
            engine.tell(submit(i, prompt(new Random(i), 30), 20, 1));
        }
        engine.tell(new SchedulerActor.Drain(Duration.ofHours(1), drained.ref()));
        drained.expectNoMessage(Duration.ofMillis(150));
        engine.tell(new SchedulerActor.Drain(Duration.ZERO, drained.ref()));
        var transcript = new Transcript();
        transcript.read(12);
        assertThat(transcript.ends.values())
                .allSatisfy(end -> assertThat(end).isInstanceOf(Engine.HandedBack.class));
        drained.expectMessage(Engines.Drained.INSTANCE);
        assertNothingHeld();
    }

    @Test
    void preemptionChangesNoToken() {
        // 40 blocks hold 160 positions; 12 sequences of up to 60 want several times that.
        var engine = engine(limits(), 40, _ -> false);
        var random = new Random(2);
        var prompts = new ArrayList<Tokens>();
        for (int i = 0; i < 12; i++) {
            prompts.add(prompt(random, 20 + random.nextInt(20)));
            engine.tell(submit(i, prompts.get(i), 40, PLENTY));
        }
        var transcript = new Transcript();
        transcript.read(12);
        for (int i = 0; i < 12; i++) {
            assertThat(transcript.output.get(new SequenceId(i, 0)))
                    .isEqualTo(expected(prompts.get(i), 40));
        }
        assertNothingHeld();
    }

    @Test
    void aSharedPrefixIsComputedOnceAndChangesNoToken() {
        var engine = engine(limits(), 400, _ -> false);
        var shared = prompt(new Random(3), 40);
        var transcript = new Transcript();
        for (int i = 0; i < 4; i++) {
            int cached = i == 0 ? 0 : 40;
            engine.tell(submit(i, shared.plus(Tokens.of(i, i, i)), 10, PLENTY));
            transcript.read(i + 1);
            assertThat(transcript.ends.get(new SequenceId(i, 0)))
                    .isInstanceOfSatisfying(
                            Engine.Finished.class,
                            end -> assertThat(end.usage().cachedTokens()).isEqualTo(cached));
            assertThat(transcript.output.get(new SequenceId(i, 0)))
                    .isEqualTo(expected(shared.plus(Tokens.of(i, i, i)), 10));
        }
    }

    @Test
    void samplesNoFurtherThanTheCreditAndGoesOnWhenItGrows() {
        var engine = engine(limits(), 400, _ -> false);
        var prompt = prompt(new Random(4), 10);
        engine.tell(submit(1, prompt, 30, 5));
        client.expectMessageClass(Engine.Accepted.class);
        for (int i = 0; i < 5; i++) {
            assertThat(client.expectMessageClass(Engine.TokensSampled.class).firstIndex())
                    .isEqualTo(i);
        }
        client.expectNoMessage(Duration.ofMillis(200));

        engine.tell(new Engine.Credit(new SequenceId(1, 0), 0, 7));
        engine.tell(new Engine.Credit(new SequenceId(1, 0), 0, 6));
        client.expectMessageClass(Engine.TokensSampled.class);
        client.expectMessageClass(Engine.TokensSampled.class);
        client.expectNoMessage(Duration.ofMillis(200));
    }

    @Test
    void aSlowReaderGivesWayToOthersAndLosesNothing() {
        // The slow one holds most of the pool when the other arrives.
        var engine = engine(limits(), 20, _ -> false);
        var slow = prompt(new Random(5), 50);
        engine.tell(submit(1, slow, 20, 2));
        client.expectMessageClass(Engine.Accepted.class);
        client.expectMessageClass(Engine.TokensSampled.class);
        client.expectMessageClass(Engine.TokensSampled.class);

        var other = prompt(new Random(6), 40);
        engine.tell(submit(2, other, 20, PLENTY));
        var transcript = new Transcript();
        transcript.output.put(new SequenceId(1, 0), Tokens.of(expected(slow, 2).toArray()));
        transcript.read(1);
        assertThat(transcript.output.get(new SequenceId(2, 0))).isEqualTo(expected(other, 20));

        engine.tell(new Engine.Credit(new SequenceId(1, 0), 0, PLENTY));
        transcript.read(2);
        assertThat(transcript.output.get(new SequenceId(1, 0))).isEqualTo(expected(slow, 20));
        assertNothingHeld();
    }

    @Test
    void anAbortedSequenceSaysNothingMoreAndGivesItsBlocksBack() {
        var engine = engine(limits(), 400, _ -> false);
        engine.tell(submit(1, prompt(new Random(7), 30), 90, 3));
        client.expectMessageClass(Engine.Accepted.class);
        client.expectMessageClass(Engine.TokensSampled.class);
        engine.tell(new Engine.Abort(new SequenceId(1, 0), 0, FinishReason.ABORTED));
        engine.tell(new Engine.Abort(new SequenceId(1, 0), 0, FinishReason.ABORTED));
        assertNothingHeld();
    }

    @Test
    void anAbortAtAnyMomentLeavesTheOthersAloneAndLeaksNothing() {
        var random = new Random(8);
        for (int round = 0; round < 30; round++) {
            int first = 8 * round;
            var engine = engine(limits(), 60, _ -> false);
            var prompts = new ArrayList<Tokens>();
            for (int i = 0; i < 8; i++) {
                prompts.add(prompt(random, 1 + random.nextInt(40)));
                engine.tell(submit(first + i, prompts.get(i), 20, PLENTY));
                if (i % 2 == 1) {
                    for (int spin = random.nextInt(20_000); spin > 0; spin--) {
                        Thread.onSpinWait();
                    }
                    engine.tell(
                            new Engine.Abort(
                                    new SequenceId(first + i, 0), 0, FinishReason.ABORTED));
                }
            }
            var output = new HashMap<SequenceId, Tokens>();
            int finished = 0;
            while (finished < 4) {
                var event = client.receiveMessage(Duration.ofSeconds(20));
                if (event instanceof Engine.TokensSampled sampled) {
                    output.merge(sampled.sequence(), sampled.tokens(), Tokens::plus);
                } else if (event instanceof Engine.Finished end
                        && end.sequence().request() >= first
                        && end.sequence().request() % 2 == 0) {
                    finished++;
                }
            }
            for (int i = 0; i < 8; i += 2) {
                assertThat(output.get(new SequenceId(first + i, 0)))
                        .as("round %d", round)
                        .isEqualTo(expected(prompts.get(i), 20));
            }
            assertNothingHeld();
        }
    }

    @Test
    void aFailedStepIsRunAgainFromTheTokens() {
        var engine = engine(limits(), 400, step -> (step >= 3 && step <= 5) || step == 9);
        var first = prompt(new Random(9), 20);
        engine.tell(submit(1, first, 20, PLENTY));
        var transcript = new Transcript();
        transcript.read(1);
        // Two failures one after the other with nobody else in the step: it is this sequence.
        assertThat(transcript.ends.get(new SequenceId(1, 0))).isInstanceOf(Engine.Failed.class);
        engine.tell(submit(2, first, 20, PLENTY)); // Step 9 fails with it.
        transcript.read(2);
        assertThat(transcript.output.get(new SequenceId(2, 0))).isEqualTo(expected(first, 20));
        assertNothingHeld();
    }

    @Test
    void refusesAtOnceWhatCanNeverFit() {
        var engine = engine(limits(), 20, _ -> false);
        engine.tell(submit(1, prompt(new Random(10), 50), 60, PLENTY));
        var tooLong = client.expectMessageClass(Engine.Rejected.class);
        assertThat(tooLong.reason()).isEqualTo(Engine.Rejection.TOO_LONG);
        assertThat(tooLong.message()).contains("110").contains("80");
    }

    @Test
    void refusesWithATimeToComeBackWhenTheQueueIsFull() {
        var metrics = new EngineMetrics(new PrometheusRegistry(), "fake");
        var engine = engineWithAFullQueue(metrics);
        engine.tell(submit(4, Tokens.of(1, 2, 3), 5, PLENTY));
        var full = client.expectMessageClass(Engine.Rejected.class);
        assertThat(full.reason()).isEqualTo(Engine.Rejection.QUEUE_FULL);
        assertThat(full.retryAfter()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
        assertThat(metrics.turnAway())
                .as("whoever comes next need not prepare")
                .hasValueSatisfying(refused -> {
                    assertThat(refused.reason()).isEqualTo(Requests.Reason.QUEUE_FULL);
                    assertThat(refused.message()).isEqualTo(full.message());
                    assertThat(refused.retryAfter()).isEqualTo(full.retryAfter());
                });
    }

    @Test
    void turnsNobodyAwayUnpreparedWhileThereIsRoomNorWhenItHasEnded() {
        var metrics = new EngineMetrics(new PrometheusRegistry(), "fake");
        var engine = engineWithAFullQueue(metrics);
        engine.tell(new Engine.Abort(new SequenceId(2, 0), 0, FinishReason.ABORTED));
        engine.tell(new Engine.Abort(new SequenceId(3, 0), 0, FinishReason.ABORTED));
        engine.tell(submit(5, Tokens.of(1, 2, 3), 5, PLENTY));
        client.expectMessageClass(Engine.Accepted.class);
        assertThat(metrics.turnAway()).as("one place is free").isEmpty();

        engine.tell(submit(6, Tokens.of(1, 2, 3), 5, PLENTY));
        client.expectMessageClass(Engine.Accepted.class);
        engine.tell(submit(7, Tokens.of(1, 2, 3), 5, PLENTY));
        client.expectMessageClass(Engine.Rejected.class);
        assertThat(metrics.turnAway()).isPresent();
        kit.stop(engine);
        assertThat(metrics.turnAway()).as("the next engine's queue is empty").isEmpty();
    }

    /// One request in a step that never ends, and behind it the two that may wait; nobody was told that there is no room
    /// before the second of them came.
    private ActorRef<Engine.Command> engineWithAFullQueue(EngineMetrics metrics) {
        KvGeometry kv = FakeWorker.geometry(4, 100);
        blocks = new KvAllocator(4, 100, true);
        var stuck = kit.<Worker.Command>createTestProbe();
        var engine = engine(new SchedulerLimits(MAX_LENGTH, 1, 16, 2), kv, stuck.ref(), metrics);
        for (int i = 1; i <= 3; i++) {
            assertThat(metrics.turnAway()).isEmpty();
            engine.tell(submit(i, Tokens.of(1, 2, 3), 5, PLENTY));
            client.expectMessageClass(Engine.Accepted.class);
            if (i == 1) { // It waits too, until the step is sent.
                stuck.expectMessageClass(Worker.ExecuteStep.class);
            }
        }
        return engine;
    }

    @Test
    void choicesOfOnePromptComputeItOnceAndGiveTheSameTokensAsAlone() {
        var allAreThere = new CompletableFuture<Boolean>();
        var engine = engine(limits(), 400, _ -> !allAreThere.join());
        var prompt = prompt(new Random(20), 31);
        for (int choice = 0; choice < 4; choice++) {
            engine.tell(submit(new SequenceId(1, choice), prompt, 20, PLENTY));
        }
        allAreThere.complete(true); // No step ends before.
        var transcript = new Transcript();
        transcript.read(4);
        for (int choice = 0; choice < 4; choice++) {
            assertThat(transcript.output.get(new SequenceId(1, choice)))
                    .isEqualTo(expected(prompt, 20));
        }
        assertThat(blocks.sharingCounts().forkedTokens()).isEqualTo(3 * 30);
        assertThat(blocks.sharingCounts().copiedBlocks()).isEqualTo(3);
        assertNothingHeld();
    }

    @Test
    void choicesGoOnWhenTheFirstOneIsAbortedAtAnyMoment() {
        var random = new Random(21);
        for (int round = 1; round <= 30; round++) {
            var engine = engine(limits(), 60, _ -> false);
            var prompt = prompt(random, 20 + random.nextInt(20));
            for (int choice = 0; choice < 3; choice++) {
                engine.tell(submit(new SequenceId(round, choice), prompt, 15, PLENTY));
            }
            for (int spin = random.nextInt(40_000); spin > 0; spin--) {
                Thread.onSpinWait();
            }
            engine.tell(new Engine.Abort(new SequenceId(round, 0), 0, FinishReason.ABORTED));
            var output = new HashMap<SequenceId, Tokens>();
            int finished = 0;
            while (finished < 2) {
                var event = client.receiveMessage(Duration.ofSeconds(20));
                if (event instanceof Engine.TokensSampled sampled) {
                    output.merge(sampled.sequence(), sampled.tokens(), Tokens::plus);
                } else if (event instanceof Engine.Finished end
                        && end.sequence().request() == round
                        && end.sequence().choice() > 0) {
                    finished++;
                }
            }
            for (int choice = 1; choice < 3; choice++) {
                assertThat(output.get(new SequenceId(round, choice)))
                        .as("round %d", round)
                        .isEqualTo(expected(prompt, 15));
            }
            assertNothingHeld();
        }
    }

    private static SchedulingPolicy policy(long maxQueuedTokens, Duration maxQueueTime) {
        return new SchedulingPolicy(maxQueuedTokens, maxQueueTime, 0.2, 0.05, 1024, 1.4);
    }

    @Test
    void refusesWhatIsTooMuchBesideThePromptTokensThatWait() {
        KvGeometry kv = FakeWorker.geometry(4, 100);
        blocks = new KvAllocator(4, 100, true);
        var stuck = kit.<Worker.Command>createTestProbe();
        var metrics = new EngineMetrics(new PrometheusRegistry(), "fake");
        var limits = new SchedulerLimits(MAX_LENGTH, 1, 16, 100, policy(40, Duration.ZERO));
        var engine = engine(limits, kv, stuck.ref(), metrics);
        // More than the limit, but alone.
        engine.tell(submit(1, prompt(new Random(22), 60), 5, PLENTY));
        client.expectMessageClass(Engine.Accepted.class);
        // The first chunk, 16 tokens, does not wait any more once its step is with the worker.
        stuck.expectMessageClass(Worker.ExecuteStep.class);
        engine.tell(submit(2, Tokens.of(1, 2), 5, PLENTY));
        var full = client.expectMessageClass(Engine.Rejected.class);
        assertThat(full.reason()).isEqualTo(Engine.Rejection.QUEUE_FULL);
        assertThat(full.message()).contains("44 prompt tokens").contains("40");
        assertThat(full.retryAfter()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void endsWhatHasWaitedTooLongForItsFirstTurn() {
        var clock = new AtomicLong();
        KvGeometry kv = FakeWorker.geometry(4, 100);
        blocks = new KvAllocator(4, 100, true);
        var stuck = kit.<Worker.Command>createTestProbe();
        var metrics = new EngineMetrics(new PrometheusRegistry(), "fake");
        var allocator = kit.spawn(BlockAllocatorActor.create(blocks, metrics));
        var engine =
                kit.spawn(
                        SchedulerActor.create(
                                FakeWorker.loaded(stuck.ref(), kv, MAX_LENGTH),
                                allocator,
                                new SchedulerLimits(
                                        MAX_LENGTH, 1, 16, 9, policy(1000, Duration.ofSeconds(5))),
                                metrics,
                                clock::get,
                                new StepCost(),
                                Suspects.Snapshot.NONE,
                                _ -> {}));
        engine.tell(submit(1, Tokens.of(1, 2, 3), 5, PLENTY));
        client.expectMessageClass(Engine.Accepted.class);
        stuck.expectMessageClass(Worker.ExecuteStep.class);
        engine.tell(submit(2, Tokens.of(1, 2, 3), 5, PLENTY));
        client.expectMessageClass(Engine.Accepted.class);
        clock.set(Duration.ofSeconds(6).toNanos());
        var expired = client.expectMessageClass(Engine.Expired.class);
        assertThat(expired.sequence()).isEqualTo(new SequenceId(2, 0));
        assertThat(expired.message()).contains("5.0 s");
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefusedAndHarmsNobody() {
        var engine = engine(limits(), 400, _ -> false);
        engine.tell(submit(1, Tokens.of(1, FakeWorker.VOCABULARY), 5, PLENTY));
        assertThat(client.expectMessageClass(Engine.Rejected.class).reason())
                .isEqualTo(Engine.Rejection.INVALID);
        var prompt = Tokens.of(1, 2, 3);
        engine.tell(submit(2, prompt, 5, PLENTY));
        var transcript = new Transcript();
        transcript.read(1);
        assertThat(transcript.output.get(new SequenceId(2, 0))).isEqualTo(expected(prompt, 5));
    }

    @Test
    void aSecondSubmissionWithTheNextEpochGoesOnFromTheDeliveredTokens() {
        var engine = engine(limits(), 400, _ -> false);
        var prompt = prompt(new Random(12), 20);
        engine.tell(
                new Engine.Submit(
                        new SequenceId(1, 0),
                        1,
                        prompt,
                        expected(prompt, 7),
                        SamplingParams.greedy(20),
                        Caller.ANYONE,
                        "",
                        PLENTY,
                        true,
                        client.ref()));
        client.expectMessageClass(Engine.Accepted.class);
        var tail = Tokens.NONE;
        for (int i = 7; i < 20; i++) {
            var sampled = client.expectMessageClass(Engine.TokensSampled.class);
            assertThat(sampled.firstIndex()).isEqualTo(i);
            assertThat(sampled.epoch()).isEqualTo(1);
            tail = tail.plus(sampled.tokens());
        }
        assertThat(expected(prompt, 7).plus(tail)).isEqualTo(expected(prompt, 20));
        assertThat(client.expectMessageClass(Engine.Finished.class).usage().outputTokens())
                .isEqualTo(20);
    }

    @Test
    void aCanaryIsAnsweredByAStepOfItsOwnWhereNobodyElseComputes() {
        var engine = engine(limits(), 400, _ -> false);
        var asker = kit.<Canary.Answer>createTestProbe();
        engine.tell(new SchedulerActor.Probe(asker.ref()));
        asker.expectMessage(Canary.Running.INSTANCE);
        asker.expectMessage(Canary.Proven.INSTANCE);
        assertThat(blocks.usage().referenced()).isZero();
        // It disturbs nobody, and a step of somebody is as good a proof.
        engine.tell(submit(1, prompt(new Random(1), 30), 20, PLENTY));
        var transcript = new Transcript();
        transcript.read(1);
        assertThat(transcript.output.get(new SequenceId(1, 0)))
                .isEqualTo(expected(prompt(new Random(1), 30), 20));
        engine.tell(new SchedulerActor.Probe(asker.ref()));
        asker.expectMessage(Canary.Proven.INSTANCE);
        assertNothingHeld();
    }

    @Test
    void aCanaryWhoseStepFailsSaysWhy() {
        var engine = engine(limits(), 400, _ -> true);
        var asker = kit.<Canary.Answer>createTestProbe();
        engine.tell(new SchedulerActor.Probe(asker.ref()));
        asker.expectMessage(Canary.Running.INSTANCE);
        assertThat(asker.expectMessageClass(Canary.Failed.class).why()).isNotEmpty();
    }
}
