package dev.ingot.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation;
import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The planner and the pace in a loop with a device whose times are known: no clock is read.
final class PrefillPaceTest {
    private static final int LONG = 32_000;
    private static final double STRETCH = 1.4;

    /// Of a small model on a CPU, in nanoseconds: a step, a decode row, a prompt token, and one more for each position
    /// before it.
    private static final double STEP = 30e6;

    private static final double ROW = 5e6;
    private static final double TOKEN = 4.4e6;
    private static final double TOKEN_AND_DEPTH = 1.1e3;

    private final SchedulerLimits limits =
            new SchedulerLimits(40_000, 64, 256, 100, SchedulingPolicy.DEFAULT);
    private final StepPlanner planner = new StepPlanner(limits, 16, 100_000, KvGroups.ONE);
    private final WaitingLine line = new WaitingLine(SchedulingPolicy.DEFAULT);
    private final PrefillPace pace = new PrefillPace(STRETCH);
    private final List<Sequence> running = new ArrayList<>();
    private final BlockTableView noBlocks = someTable();
    private long stepId;

    /// How many times as long as usual the next steps take.
    private double slow = 1;

    private static BlockTableView someTable() {
        var demand =
                new Demand(
                        new SequenceId(1, 0), KnownTokens.of(Tokens.of(1), Tokens.NONE), 0, 0, 1);
        return switch (new KvAllocator(16, 1, false).reserve(List.of(demand))) {
            case Reservation.Reserved(var slices, int _) -> slices.getFirst().table();
            case Reservation.Exhausted _ -> throw new AssertionError();
        };
    }

    private Sequence sequence(int id, int promptLength) {
        return new Sequence(
                new SequenceId(id, 0),
                0,
                Tokens.of(new int[promptLength]),
                Tokens.NONE,
                SamplingParams.greedy(30_000),
                Caller.ANYONE,
                0,
                Integer.MAX_VALUE,
                40_000);
    }

    /// What a step took, and what it would usually have taken without a prompt in it.
    private record Times(double whole, double decodes) {
        double stretch() {
            return whole / decodes;
        }
    }

    private Times step() {
        var wants = planner.plan(running, line, 100_000, pace).wants();
        assertThat(wants).isNotEmpty();
        var slices = new ArrayList<Slice>();
        double nanos = 0;
        double decodes = STEP;
        for (var want : wants) {
            var sequence = want.sequence();
            if (line.remove(sequence)) {
                running.add(sequence);
                sequence.startAt(0);
            }
            int first = sequence.computed();
            boolean samples = want.samples();
            slices.add(
                    new Slice(
                            sequence.id(),
                            sequence.tokens(first, first + want.count()),
                            first,
                            noBlocks,
                            samples ? sampler() : null));
            if (want.count() == 1 && samples) {
                decodes += ROW + TOKEN_AND_DEPTH * first;
            } else {
                double depth = first + want.count() / 2.0;
                nanos += want.count() * (TOKEN + TOKEN_AND_DEPTH * depth);
            }
            sequence.plan(want.count());
            sequence.computed(want.count());
            if (samples) {
                sequence.append(7);
            }
        }
        double whole = slow * (decodes + nanos);
        pace.stepEnded(new StepPlan(++stepId, slices), (long) whole);
        return new Times(whole, decodes);
    }

    private static SequenceSampler sampler() {
        return new SequenceSampler(SamplingParams.greedy(1), 0, Tokens.of(1), Tokens.NONE, 10);
    }

    private void decodeEight() {
        for (int i = 1; i <= 8; i++) {
            line.add(sequence(i, 50));
        }
        for (int i = 0; i < 50; i++) {
            step();
        }
    }

    @Test
    void aLongPromptStretchesNoStepOfTheOthersByMuchMoreThanItMay() {
        decodeEight();
        var prompt = sequence(9, LONG);
        line.add(prompt);
        var times = new ArrayList<Double>();
        while (prompt.generated() == 0) {
            times.add(step().stretch());
            assertThat(times.size()).as("it goes on").isLessThan(25_000);
        }
        Collections.sort(times);
        double p99 = times.get((int) (0.99 * times.size()));
        assertThat(p99).isBetween(1.1, 1.5);
        assertThat(times.getLast()).as("the worst").isLessThan(2);
    }

    @Test
    void whereNobodyDecodesALongPromptHasTheStepToItselfAndItsChunksShrinkWithDepth() {
        var prompt = sequence(1, LONG);
        line.add(prompt);
        int steps = 0;
        double longest = 0;
        while (prompt.generated() == 0) {
            longest = Math.max(longest, step().whole());
            steps++;
        }
        // The work of 256 tokens at the beginning, wherever the chunk is.
        assertThat(longest).isLessThan(STEP + 1.3 * 256 * TOKEN);
        assertThat(steps).isLessThan(2 * LONG / 256 * 9);
    }

    @Test
    void aShortPromptIsNotHeldUpByALongOneThatIsBeingPrefilled() {
        decodeEight();
        var prompt = sequence(9, LONG);
        line.add(prompt);
        for (int i = 0; i < 10; i++) {
            step();
        }
        var shortOne = sequence(10, 200);
        line.add(shortOne);
        for (int i = 0; i < 12; i++) {
            step();
        }
        assertThat(shortOne.generated()).isPositive();
        assertThat(prompt.generated()).isZero();
    }

    @Test
    void shortPromptsTogetherStretchNoStepOfTheOthersByMoreThanTheyMay() {
        decodeEight();
        for (int id = 9; id <= 14; id++) {
            line.add(sequence(id, 150));
        }
        int steps = 0;
        for (; running.stream().anyMatch(s -> s.generated() == 0) || line.size() > 0; steps++) {
            assertThat(step().stretch()).isLessThan(1.2 * SchedulingPolicy.DEFAULT.stretchOfAll());
            assertThat(steps).as("it goes on").isLessThan(100);
        }
        assertThat(steps).as("no slower than need be").isLessThan(60);
    }

    @Test
    void oneSlowStepOfTheDecodesIsNotTheMeasureForThoseThatFollow() {
        decodeEight();
        prefillShortOnes(9, 3);
        slow = 3;
        step();
        slow = 1;
        assertThat(prefillShortOnes(20, 3))
                .isLessThan(1.2 * SchedulingPolicy.DEFAULT.stretchOfAll());
    }

    @Test
    void theFirstStepOfTwiceAsManyDecodesIsTakenForTwiceAsLongAtMost() {
        decodeEight();
        prefillShortOnes(9, 8);
        slow = 6;
        step();
        slow = 1;
        assertThat(prefillShortOnes(20, 1)).isLessThan(2 * SchedulingPolicy.DEFAULT.stretchOfAll());
    }

    @Test
    void whereStepsOftenTakeLongerThanForetoldTheyAreGivenLess() {
        decodeEight();
        double longest = 0;
        for (int i = 0; i < 200; i++) {
            if (i % 10 == 0) {
                line.add(sequence(9 + i, 150));
            }
            slow = i % 5 == 0 ? 1.6 : 1;
            var times = step();
            longest = i < 100 ? 0 : Math.max(longest, times.stretch());
        }
        assertThat(longest).isBetween(1.5, 1.2 * SchedulingPolicy.DEFAULT.stretchOfAll());
    }

    /// Until each has its first token.
    ///
    /// @return how much the longest step with one of them in it was stretched
    private double prefillShortOnes(int firstId, int count) {
        for (int id = firstId; id < firstId + count; id++) {
            line.add(sequence(id, 150));
        }
        double longest = 0;
        while (running.stream().anyMatch(s -> s.generated() == 0) || line.size() > 0) {
            longest = Math.max(longest, step().stretch());
        }
        return longest;
    }

    @Test
    void aPromptGoesOnHoweverLittleTheDecodesLeaveIt() {
        line.add(sequence(1, 50));
        for (int i = 0; i < 50; i++) {
            step();
        }
        // Decodes that take no time leave no room beside them.
        var plan = new StepPlan(++stepId, List.of(decode()));
        for (int i = 0; i < 40; i++) {
            pace.stepEnded(plan, 1);
        }
        var prompt = sequence(2, 100);
        line.add(prompt);
        for (int i = 0; i < 110; i++) {
            step();
        }
        assertThat(prompt.generated()).isPositive();
    }

    private Slice decode() {
        return new Slice(new SequenceId(1, 0), Tokens.of(7), 60, noBlocks, sampler());
    }
}
