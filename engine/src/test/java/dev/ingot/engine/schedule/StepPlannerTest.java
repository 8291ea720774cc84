package dev.ingot.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.schedule.StepPlanner.Want;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StepPlannerTest {
    private static final int BLOCK = 4;
    private static final int PLENTY = 1000;

    private final StepPlanner planner =
            new StepPlanner(new SchedulerLimits(256, 4, 16, 10), BLOCK, 1_000, KvGroups.ONE);

    private StepPlanner.Decision plan(List<Sequence> running, List<Sequence> waiting, int free) {
        return plan(planner, running, waiting, free);
    }

    private static StepPlanner.Decision plan(
            StepPlanner planner, List<Sequence> running, List<Sequence> waiting, int free) {
        var line = new WaitingLine(SchedulingPolicy.DEFAULT);
        waiting.forEach(line::add);
        return planner.plan(running, line, free, new PrefillPace(1.5));
    }

    private static Sequence waiting(int id, int promptLength) {
        return waiting(id, promptLength, Caller.ANYONE.priority());
    }

    private static Sequence waiting(int id, int promptLength, PriorityClass priority) {
        return new Sequence(
                new SequenceId(id, 0),
                0,
                Tokens.of(new int[promptLength]),
                Tokens.NONE,
                SamplingParams.greedy(100),
                new Caller(priority, ""),
                0,
                16,
                256);
    }

    /// Its whole prompt is computed and one token sampled.
    private static Sequence decoding(int id, int promptLength) {
        return decoding(id, promptLength, Caller.ANYONE.priority());
    }

    private static Sequence decoding(int id, int promptLength, PriorityClass priority) {
        var sequence = waiting(id, promptLength, priority);
        sequence.plan(promptLength);
        sequence.computed(promptLength);
        sequence.append(7);
        return sequence;
    }

    private static Sequence paused(int id, int promptLength) {
        var sequence = decoding(id, promptLength);
        for (int i = 1; i < 16; i++) {
            sequence.plan(1);
            sequence.computed(1);
            sequence.append(7);
        }
        assertThat(sequence.hasCredit()).isFalse();
        return sequence;
    }

    @Test
    void decodesEveryRunningSequenceBeforeItPrefills() {
        var first = decoding(1, 5);
        var second = decoding(2, 9);
        var long3 = waiting(3, 100);

        var decision = plan(List.of(first, second), List.of(long3), PLENTY);

        assertThat(decision.wants())
                .containsExactly(new Want(first, 1), new Want(second, 1), new Want(long3, 14));
    }

    @Test
    void aSuspectRunsAloneUntilItHasGotAToken() {
        var innocent = decoding(1, 5);
        var suspect = waiting(2, 20);
        suspect.failedStep();

        assertThat(plan(List.of(innocent), List.of(suspect), PLENTY).wants())
                .containsExactly(new Want(suspect, 16));
        suspect.plan(16);
        suspect.computed(16);
        assertThat(plan(List.of(innocent, suspect), List.of(), PLENTY).wants())
                .containsExactly(new Want(suspect, 4));
        suspect.plan(4);
        suspect.computed(4);
        suspect.append(7);
        assertThat(plan(List.of(innocent, suspect), List.of(), PLENTY).wants())
                .containsExactly(new Want(innocent, 1), new Want(suspect, 1));
    }

    @Test
    void whileASuspectWaitsForRoomTheOthersGoOnAndNobodyOvertakesIt() {
        var innocent = decoding(1, 5);
        var suspect = waiting(2, 20);
        suspect.suspect();
        var younger = waiting(3, 2);

        assertThat(plan(List.of(innocent), List.of(suspect, younger), 4).wants())
                .containsExactly(new Want(innocent, 1));
    }

    @Test
    void aSequenceThatWasPreemptedTooOftenKeepsItsBlocks() {
        var often = waiting(2, 8);
        for (int i = 0; i < StepPlanner.MAX_PREEMPTIONS; i++) {
            often.preempt();
        }
        often.plan(8);
        often.computed(8);
        var older = decoding(1, 8);
        often.append(7);

        var decision = plan(List.of(older, often), List.of(), 1);
        assertThat(decision.preempt()).contains(older);
    }

    @Test
    void thoseThatKeepTheirBlocksFitThePoolTogetherAtTheirFullLength() {
        var small = new StepPlanner(new SchedulerLimits(256, 4, 16, 10), BLOCK, 40, KvGroups.ONE);
        var first = waiting(1, 8); // 108 tokens at its full length: 27 blocks.
        var second = waiting(2, 8);
        for (int i = 0; i < StepPlanner.MAX_PREEMPTIONS; i++) {
            first.preempt();
            second.preempt();
        }
        assertThat(plan(small, List.of(), List.of(first, second), 40).wants())
                .containsExactly(new Want(first, 8));
    }

    @Test
    void cutsALongPromptIntoChunksOfTheBudget() {
        var prompt = waiting(1, 40);
        assertThat(plan(List.of(), List.of(prompt), PLENTY).wants())
                .containsExactly(new Want(prompt, 16));
        prompt.plan(16);
        prompt.computed(16);
        prompt.plan(16);
        prompt.computed(16);
        var last = plan(List.of(prompt), List.of(), PLENTY).wants();
        assertThat(last).containsExactly(new Want(prompt, 8));
        assertThat(last.getFirst().samples()).isTrue();
    }

    @Test
    void neverLetsAShortPromptOvertakeALongOne() {
        var long1 = waiting(1, 60);
        var short2 = waiting(2, 2);

        var decision = plan(List.of(), List.of(long1, short2), 10);

        assertThat(decision.wants()).isEmpty();
        assertThat(decision.preempt()).isEmpty();
    }

    @Test
    void leavesBlocksToThoseThatRunWhenItLetsAnotherIn() {
        // One percent of 1000 blocks; the prompts take two each.
        var running = decoding(1, 5);
        var next = waiting(2, 8);

        assertThat(plan(List.of(running), List.of(next), 11).wants())
                .containsExactly(new Want(running, 1));
        assertThat(plan(List.of(running), List.of(next), 12).wants())
                .containsExactly(new Want(running, 1), new Want(next, 8));
        assertThat(plan(List.of(), List.of(next), 2).wants())
                .as("alone it may have all")
                .containsExactly(new Want(next, 8));
        var first = waiting(3, 8);
        assertThat(plan(List.of(), List.of(first, waiting(4, 8)), 13).wants())
                .as("the first one runs when the second comes")
                .containsExactly(new Want(first, 8));
    }

    @Test
    void takesNobodysBlocksForOneWhoWouldStillNotBeLetIn() {
        var policy = new SchedulingPolicy(1 << 20, Duration.ZERO, 0, 0, 1024, 1.4, 2.5, 0.5);
        var limits = new SchedulerLimits(256, 4, 16, 10, policy);
        var small = new StepPlanner(limits, BLOCK, 12, KvGroups.ONE);
        var peer = decoding(1, 5, PriorityClass.HIGH); // Two blocks.
        var low = decoding(2, 9, PriorityClass.LOW); // Three blocks.
        var next = waiting(3, 16, PriorityClass.HIGH); // Four blocks, and six for who runs.

        assertThat(plan(small, List.of(peer, low), List.of(next), 6).preempt()).isEmpty();
        assertThat(plan(small, List.of(peer, low), List.of(next), 7).preempt()).contains(low);
        assertThat(plan(small, List.of(low), List.of(next), 1).preempt())
                .as("nobody else runs then")
                .contains(low);
    }

    @Test
    void plansNothingForASequenceWithoutCredit() {
        assertThat(plan(List.of(paused(1, 5)), List.of(), PLENTY).wants()).isEmpty();
    }

    @Test
    void preemptsTheYoungestSequenceWhenThePoolIsExhausted() {
        // Both stand at a block's end, so each needs one more block, and there is one.
        var older = decoding(1, 8);
        var younger = decoding(2, 8);

        var decision = plan(List.of(older, younger), List.of(), 1);

        assertThat(decision.preempt()).contains(younger);
        assertThat(decision.wants()).isEmpty();
    }

    @Test
    void preemptsWhoeverWaitsForItsReaderFirst() {
        var slow = paused(1, 8);
        var younger = decoding(2, 8);

        assertThat(plan(List.of(slow, younger), List.of(), 0).preempt()).contains(slow);
    }

    @Test
    void makesRoomForAWaitingSequenceByPreemptingASlowReader() {
        var slow = paused(1, 8);
        var next = waiting(2, 30);

        assertThat(plan(List.of(slow), List.of(next), 1).preempt()).contains(slow);
    }

    @Test
    void aPreemptedSlowReaderDoesNotBlockTheQueue() {
        var slow = paused(1, 8);
        slow.preempt();
        var next = waiting(2, 3);

        assertThat(plan(List.of(), List.of(slow, next), PLENTY).wants())
                .containsExactly(new Want(next, 3));
    }

    @Test
    void runsAtMostMaxSequencesAtATime() {
        var running = new ArrayList<Sequence>();
        for (int i = 0; i < 4; i++) {
            running.add(decoding(i, 3));
        }
        assertThat(plan(running, List.of(waiting(9, 1)), PLENTY).wants()).hasSize(4);
    }

    @Test
    void neverExceedsTheBudgetTheBlocksOrASequencesTokensInRandomStates() {
        for (long seed = 0; seed < 2000; seed++) {
            var random = new Random(seed);
            var running = new ArrayList<Sequence>();
            var waiting = new ArrayList<Sequence>();
            for (int i = 0; i < random.nextInt(5); i++) {
                var sequence = waiting(i, 1 + random.nextInt(50));
                int computed = random.nextInt(sequence.length());
                sequence.plan(computed);
                sequence.computed(computed);
                running.add(random.nextBoolean() ? sequence : decoding(i, 1 + random.nextInt(50)));
            }
            for (int i = 0; i < random.nextInt(5); i++) {
                waiting.add(waiting(10 + i, 1 + random.nextInt(80)));
            }
            int free = random.nextInt(40);

            var decision = plan(running, waiting, free);

            int tokens = 0;
            int blocks = 0;
            for (var want : decision.wants()) {
                var sequence = want.sequence();
                tokens += want.count();
                blocks +=
                        Math.ceilDiv(sequence.computed() + want.count(), BLOCK)
                                - Math.ceilDiv(sequence.computed(), BLOCK);
                assertThat(want.count()).as("seed %d", seed).isBetween(1, sequence.remaining());
            }
            assertThat(tokens).as("seed %d", seed).isLessThanOrEqualTo(16);
            assertThat(blocks).as("seed %d", seed).isLessThanOrEqualTo(free);
            if (decision.wants().isEmpty() && !running.isEmpty()) {
                assertThat(decision.preempt())
                        .as("seed %d: nothing would ever run", seed)
                        .isPresent();
            }
        }
    }
}
