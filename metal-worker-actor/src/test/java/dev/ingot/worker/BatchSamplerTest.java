package dev.ingot.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.cpu.CpuDevice;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchSamplerTest {
    private static final SamplingParams GREEDY = SamplingParams.greedy(100);

    /// One of each way: by argmax, by list, over the whole row.
    private static final List<SamplingParams> WAYS =
            List.of(
                    GREEDY,
                    GREEDY.toBuilder().temperature(0.6f).topK(20).topP(0.95f).seed(5).build(),
                    GREEDY.toBuilder().temperature(1).topK(64).minP(0.05f).seed(6).build(),
                    GREEDY.toBuilder().temperature(1).topK(65).seed(7).build(),
                    GREEDY.toBuilder().temperature(1).seed(8).build(),
                    GREEDY.toBuilder().temperature(1).topP(0.9f).logprobs(3).seed(9).build(),
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
                var outcomes = run(device, batch, together);
                for (int row = 0; row < rows; row++) {
                    var expected =
                            alone.get(row).next(batch.logits(rows).row(row).contents(), scratch);
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
                batch.logits(rows)
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

    private static List<SequenceSampler> samplers(int rows, int vocabulary) {
        return IntStream.range(0, rows)
                .mapToObj(row ->
                        new SequenceSampler(
                                WAYS.get(row % WAYS.size()),
                                0,
                                Tokens.of(1),
                                Tokens.NONE,
                                vocabulary))
                .toList();
    }

    private static void fill(BatchSampler batch, int rows, int vocabulary, long seed) {
        var random = new Random(seed);
        for (int row = 0; row < rows; row++) {
            var logits = batch.logits(rows).row(row).contents();
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
        Steps.run(device, encoder -> batch.encode(encoder, plan, samplers.size(), 0));
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
