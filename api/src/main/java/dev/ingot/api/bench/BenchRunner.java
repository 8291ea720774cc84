package dev.ingot.api.bench;

import dev.ingot.api.bench.BenchTest.Phase;
import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.worker.InlineWorker;
import dev.ingot.worker.Worker.RowFailed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Runs tests on a worker: random tokens, greedy sampling, the steps that the server would make.
///
/// What stands in the cache before a test's own tokens is whatever was there: reading it takes as long. It must
/// have been written once, though ([#warmUp]): memory that never was is a page of zeros in the CPU's caches.
final class BenchRunner {
    private static final long SEED = 1;
    private static final int WARM_UP_STEPS = 4;

    /// A test that is shorter is repeated within one measurement.
    private static final long LEAST_NANOS = 300_000_000;

    private final InlineWorker worker;
    private final int maxStepTokens;
    private final int vocabulary;
    private final KvAllocator blocks;
    private final SplittableRandom random = new SplittableRandom(SEED);
    private long stepId;

    BenchRunner(InlineWorker worker, int maxStepTokens) {
        this.worker = worker;
        this.maxStepTokens = maxStepTokens;
        vocabulary = worker.model().vocabulary();
        blocks =
                new KvAllocator(
                        worker.kv().blockSize(),
                        worker.kv().blockCount(),
                        false,
                        worker.kv().groups());
    }

    /// A sequence that may grow to the test's length.
    private record Running(SequenceId id, BlockTableView blocks, SequenceSampler sampler) {}

    /// Fills the cache once, and lets the JVM see both kinds of steps.
    ///
    /// @param largest the test that takes the most blocks
    void warmUp(BenchTest largest) {
        var sequences = open(largest);
        prefill(sequences, 0, largest.length());
        decode(sequences, largest.length() - 1, 1);
        finish();
        close(sequences);
        var one = open(new BenchTest(Phase.DECODE, WARM_UP_STEPS, 0, 1));
        decode(one, 0, WARM_UP_STEPS);
        finish();
        close(one);
    }

    /// Seconds that the test takes: on average where it is short.
    ///
    /// @throws dev.ingot.engine.ops.DeviceException if the device failed a step
    /// @throws IllegalStateException if the model gave no numbers
    double run(BenchTest test) {
        int repeats = 0;
        double seconds = 0;
        while (seconds * 1e9 < LEAST_NANOS) {
            seconds += runOnce(test);
            repeats++;
        }
        return seconds / repeats;
    }

    /// Seconds that the test takes, once.
    ///
    /// @throws dev.ingot.engine.ops.DeviceException if the device failed a step
    /// @throws IllegalStateException if the model gave no numbers
    double runOnce(BenchTest test) {
        var sequences = open(test);
        long start = System.nanoTime();
        switch (test.phase()) {
            case PREFILL -> prefill(sequences, test.depth(), test.tokens());
            case DECODE -> decode(sequences, test.depth(), test.tokens());
        }
        finish();
        double seconds = (System.nanoTime() - start) * 1e-9;
        close(sequences);
        return seconds;
    }

    private List<Running> open(BenchTest test) {
        var known = KnownTokens.of(randomTokens(test.length()), Tokens.NONE);
        var demands = new ArrayList<Demand>();
        for (int i = 0; i < test.batch(); i++) {
            demands.add(new Demand(new SequenceId(i, 0), known, 0, 0, test.length()));
        }
        return switch (blocks.reserve(demands)) {
            case Reservation.Reserved(var slices, _) ->
                    slices.stream()
                            .map(s -> new Running(s.sequence(), s.table(), sampler(test.tokens())))
                            .toList();
            case Reservation.Exhausted(int needed, int available, _) ->
                    throw new IllegalArgumentException(
                            test
                                    + " needs "
                                    + needed
                                    + " blocks of KV cache, there are "
                                    + available);
        };
    }

    private void close(List<Running> sequences) {
        sequences.forEach(s -> blocks.release(s.id(), KvAllocator.NO_STEP));
    }

    private SequenceSampler sampler(int tokens) {
        return new SequenceSampler(
                SamplingParams.greedy(tokens), 0, Tokens.NONE, Tokens.NONE, vocabulary);
    }

    /// Prompts one after another, in steps that are as full as they may be.
    private void prefill(List<Running> sequences, int first, int count) {
        var slices = new ArrayList<Slice>();
        int budget = maxStepTokens;
        for (var sequence : sequences) {
            for (int done = 0; done < count; ) {
                int chunk = Math.min(budget, count - done);
                var sampler = done + chunk == count ? sequence.sampler() : null;
                slices.add(
                        new Slice(
                                sequence.id(),
                                randomTokens(chunk),
                                first + done,
                                sequence.blocks(),
                                sampler));
                done += chunk;
                budget -= chunk;
                if (budget == 0) {
                    step(slices);
                    slices.clear();
                    budget = maxStepTokens;
                }
            }
        }
        if (!slices.isEmpty()) {
            step(slices);
        }
    }

    /// One token of every sequence in each step.
    private void decode(List<Running> sequences, int first, int count) {
        for (int i = 0; i < count; i++) {
            int position = first + i;
            step(
                    sequences.stream()
                            .map(s ->
                                    new Slice(
                                            s.id(),
                                            randomTokens(1),
                                            position,
                                            s.blocks(),
                                            s.sampler()))
                            .toList());
        }
    }

    /// Hands a step to the device while the one before it runs, as the server does.
    private void step(List<Slice> slices) {
        worker.begin(new StepPlan(++stepId, slices));
        if (worker.running() > 1) {
            endOne();
        }
    }

    private void finish() {
        while (worker.running() > 0) {
            endOne();
        }
    }

    private void endOne() {
        for (var outcome : worker.end()) {
            if (outcome instanceof RowFailed(_, String message)) {
                throw new IllegalStateException(message);
            }
        }
    }

    private Tokens randomTokens(int count) {
        return Tokens.of(random.ints(count, 0, vocabulary).toArray());
    }
}
