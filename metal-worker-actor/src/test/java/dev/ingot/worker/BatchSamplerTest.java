package dev.ingot.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation;
import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.LogitBias;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.cpu.CpuDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchSamplerTest {
    private static final SamplingParams GREEDY = SamplingParams.greedy(100);

    private static final SamplingParams RANDOM = GREEDY.toBuilder().temperature(1).build();

    /// Filters, edits and log probabilities; some of more alternatives than the device lists.
    private static final List<SamplingParams> WAYS =
            List.of(
                    GREEDY,
                    GREEDY.toBuilder().temperature(0.6f).topK(20).topP(0.95f).seed(5).build(),
                    GREEDY.toBuilder().temperature(1).topK(64).minP(0.05f).seed(6).build(),
                    GREEDY.toBuilder().temperature(1).topK(65).seed(7).build(),
                    GREEDY.toBuilder().temperature(1).seed(8).build(),
                    GREEDY.toBuilder().temperature(1).topP(0.9f).logprobs(3).seed(9).build(),
                    RANDOM.toBuilder()
                            .repetitionPenalty(1.3f)
                            .minTokens(4)
                            .stopTokenIds(Tokens.of(3, 3, 7))
                            .build(),
                    GREEDY.toBuilder().presencePenalty(1.5f).frequencyPenalty(0.5f).build(),
                    RANDOM.toBuilder()
                            .logitBias(LogitBias.of(Map.of(1, 4f, 2, -100f)))
                            .repetitionPenalty(0.8f)
                            .logprobs(0)
                            .build(),
                    RANDOM.toBuilder()
                            .logitBias(LogitBias.of(Map.of(1, 4f, 2, -100f)))
                            .frequencyPenalty(1)
                            .topP(0.9f)
                            .build(),
                    RANDOM.toBuilder().logprobs(20).minTokens(2).eosTokenIds(Tokens.of(5)).build(),
                    GREEDY.toBuilder().logprobs(65).build(),
                    GREEDY.toBuilder().temperature(2).topK(1).seed(10).build());

    @ParameterizedTest
    @ValueSource(ints = {50, 20_011})
    void aRowGivesInABatchWhatItsSamplerGivesAlone(int vocabulary) throws InvalidLogitsException {
        int rows = 3 * WAYS.size();
        try (var device = CpuDevice.open(3);
                var batch = new BatchSampler(device, rows, vocabulary)) {
            var together = samplers(rows, vocabulary);
            var alone = samplers(rows, vocabulary);
            var scratch = new SamplerScratch(vocabulary);
            for (int step = 0; step < 5; step++) {
                fill(batch, rows, vocabulary, step);
                float[] before =
                        batch.buffers(0).logits(rows).contents().toArray(ValueLayout.JAVA_FLOAT);
                var outcomes = run(device, batch, together);
                for (int row = 0; row < rows; row++) {
                    var logits =
                            MemorySegment.ofArray(before)
                                    .asSlice(4L * row * vocabulary, 4L * vocabulary);
                    var expected = alone.get(row).next(logits, scratch);
                    assertThat(outcomes.get(row))
                            .as("step %d, row %d", step, row)
                            .isEqualTo(new Worker.Sampled(new SequenceId(row, 0), expected));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {50, 20_011})
    void aBrokenRowFailsAloneWhicheverWayItIsSampled(int vocabulary) {
        int rows = WAYS.size() + 1;
        try (var device = CpuDevice.open(2);
                var batch = new BatchSampler(device, rows, vocabulary)) {
            for (int broken = 0; broken < WAYS.size(); broken++) {
                fill(batch, rows, vocabulary, broken);
                batch.buffers(0)
                        .logits(rows)
                        .row(broken)
                        .contents()
                        .setAtIndex(ValueLayout.JAVA_FLOAT, vocabulary / 2, Float.NaN);
                var outcomes = run(device, batch, samplers(rows, vocabulary));
                for (int row = 0; row < rows; row++) {
                    assertThat(outcomes.get(row))
                            .as("row %d where %d is broken", row, broken)
                            .isInstanceOf(
                                    row == broken ? Worker.RowFailed.class : Worker.Sampled.class);
                }
            }
        }
    }

    /// A row fails for the reasons and in the words that the host has for it, whose row it may be.
    @Test
    void aRowFailsInTheHostsWords() {
        float no = Float.NEGATIVE_INFINITY;
        float[][] rows = {
            {0, Float.NaN, 0},
            {0, 3, Float.POSITIVE_INFINITY},
            {no, no, no},
            {no, no, 5},
            {0, 1, Float.MAX_VALUE}
        };
        var ways =
                List.of(
                        GREEDY,
                        RANDOM.toBuilder().repetitionPenalty(2).build(),
                        RANDOM,
                        RANDOM.toBuilder().minTokens(1).eosTokenIds(Tokens.of(2)).build(),
                        GREEDY.toBuilder()
                                .logitBias(LogitBias.of(Map.of(2, Float.MAX_VALUE)))
                                .presencePenalty(1)
                                .build());
        try (var device = CpuDevice.open(2);
                var batch = new BatchSampler(device, rows.length, 3)) {
            for (int r = 0; r < rows.length; r++) {
                MemorySegment.copy(
                        rows[r],
                        0,
                        batch.buffers(0).logits(rows.length).row(r).contents(),
                        ValueLayout.JAVA_FLOAT,
                        0,
                        3);
            }
            var outcomes =
                    run(
                            device,
                            batch,
                            ways.stream().map(way -> sampler(way, Tokens.of(1), 3)).toList());
            for (int r = 0; r < rows.length; r++) {
                var host = sampler(ways.get(r), Tokens.of(1), 3);
                var row = MemorySegment.ofArray(rows[r]);
                var failure =
                        catchThrowableOfType(
                                InvalidLogitsException.class,
                                () -> host.next(row, new SamplerScratch(3)));
                assertThat(outcomes.get(r))
                        .isEqualTo(
                                new Worker.RowFailed(
                                        new SequenceId(r, 0),
                                        String.valueOf(failure.getMessage())));
            }
        }
    }

    /// One row's edits leave no room for the next one's: that is the host's, and draws the same.
    @Test
    void whatDoesNotFitIsTheHosts() throws InvalidLogitsException {
        int vocabulary = 20_011;
        var prompt = Tokens.of(IntStream.range(0, SampleBuffers.LEAST_EDITS - 10).toArray());
        var params = RANDOM.toBuilder().repetitionPenalty(1.2f).build();
        try (var device = CpuDevice.open(2);
                var batch = new BatchSampler(device, 3, vocabulary)) {
            fill(batch, 3, vocabulary, 7);
            float[][] before = new float[3][];
            for (int r = 0; r < 3; r++) {
                before[r] =
                        batch.buffers(0)
                                .logits(3)
                                .row(r)
                                .contents()
                                .toArray(ValueLayout.JAVA_FLOAT);
            }
            var samplers =
                    IntStream.range(0, 3)
                            .mapToObj(_ -> sampler(params, prompt, vocabulary))
                            .toList();
            var outcomes = run(device, batch, samplers);
            for (int r = 0; r < 3; r++) {
                var host = sampler(params, prompt, vocabulary);
                var expected =
                        host.next(MemorySegment.ofArray(before[r]), new SamplerScratch(vocabulary));
                assertThat(outcomes.get(r))
                        .isEqualTo(new Worker.Sampled(new SequenceId(r, 0), expected));
                float[] after =
                        batch.buffers(0)
                                .logits(3)
                                .row(r)
                                .contents()
                                .toArray(ValueLayout.JAVA_FLOAT);
                assertThat(Arrays.equals(after, before[r])).as("untouched").isEqualTo(r > 0);
            }
        }
    }

    private static SequenceSampler sampler(SamplingParams params, Tokens prompt, int vocabulary) {
        return new SequenceSampler(params, 0, prompt, Tokens.NONE, vocabulary);
    }

    private static List<SequenceSampler> samplers(int rows, int vocabulary) {
        return IntStream.range(0, rows)
                .mapToObj(row -> sampler(WAYS.get(row % WAYS.size()), Tokens.of(1), vocabulary))
                .toList();
    }

    private static void fill(BatchSampler batch, int rows, int vocabulary, long seed) {
        var random = new Random(seed);
        for (int row = 0; row < rows; row++) {
            var logits = batch.buffers(0).logits(rows).row(row).contents();
            for (int i = 0; i < vocabulary; i++) {
                logits.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (3 * random.nextGaussian()));
            }
        }
    }

    private static List<Worker.Outcome> run(
            CpuDevice device, BatchSampler batch, List<SequenceSampler> samplers) {
        var blocks = oneBlock();
        var slices = new ArrayList<Slice>();
        for (int row = 0; row < samplers.size(); row++) {
            slices.add(
                    new Slice(new SequenceId(row, 0), Tokens.of(1), 0, blocks, samplers.get(row)));
        }
        var plan = new StepPlan(1, slices);
        var commands = device.commandBuffer();
        batch.buffers(0).encode(commands.encoder(), plan);
        var end = new CompletableFuture<Void>();
        commands.commit(
                new CommandBuffer.Completion() {
                    @Override
                    public void completed() {
                        end.complete(null);
                    }

                    @Override
                    public void failed(DeviceException cause) {
                        end.completeExceptionally(cause);
                    }
                });
        end.join();
        return batch.sample(plan, 0);
    }

    private static BlockTableView oneBlock() {
        var known = KnownTokens.of(Tokens.of(1), Tokens.NONE);
        var demand = new Demand(new SequenceId(0, 0), known, 0, 0, 1);
        return switch (new KvAllocator(16, 1, false).reserve(List.of(demand))) {
            case Reservation.Reserved(var slices, _) -> slices.getFirst().table();
            case Reservation.Exhausted full -> throw new AssertionError(full);
        };
    }
}
