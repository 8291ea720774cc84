package dev.ingot.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ingot.engine.schedule.StepPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Who is suspected and who is condemned, by what is heard of an engine's end, in whatever order.
class LostWorkersTest {
    private static final Map<Long, Set<Long>> STEPS =
            Map.of(7L, Set.of(1L, 2L), 8L, Set.of(1L, 3L));

    private final List<Integer> counts = new ArrayList<>();
    private final LostWorkers lost = new LostWorkers(counts::add);

    @Test
    void whoWasInTheStepIsSuspectedWhateverIsHeardFirst() {
        lost.workerLost(1, 7);
        assertEquals(Set.of(), lost.snapshot().suspects());
        lost.stepsLost(1, STEPS);
        assertEquals(Set.of(1L, 2L), lost.snapshot().suspects());

        lost.stepsLost(2, Map.of(20L, Set.of(5L), 21L, Set.of(6L)));
        lost.workerLost(2, 20);
        assertEquals(Set.of(1L, 2L, 5L), lost.snapshot().suspects());
        assertEquals(List.of(2, 1), counts);
    }

    @Test
    void allInFlightAreSuspectedWhereTheWorkerDidNotSay() {
        lost.stepsLost(1, STEPS);
        lost.workerLost(1, StepPlan.NONE);
        assertEquals(Set.of(1L, 2L, 3L), lost.snapshot().suspects());
    }

    @Test
    void whatAnotherEngineHadInFlightIsNotBlamed() {
        lost.stepsLost(1, STEPS);
        lost.workerLost(2, 7);
        assertEquals(Set.of(), lost.snapshot().suspects());
    }

    @Test
    void oneEngineIsBlamedOnSomebodyOnce() {
        lost.overdue(1, Set.of(9L));
        lost.stepsLost(1, Map.of(3L, Set.of(9L)));
        lost.workerLost(1, 3);
        assertEquals(Set.of(9L), lost.snapshot().suspects());
        assertEquals(Set.of(), lost.snapshot().condemned());
        assertEquals(List.of(1), counts);
    }

    @Test
    void whoeverIsLostAgainAndAloneIsCondemned() {
        lost.stepsLost(1, STEPS);
        lost.workerLost(1, 7);
        lost.workerLost(2, 4);
        lost.stepsLost(2, Map.of(4L, Set.of(2L)));
        assertEquals(Set.of(2L), lost.snapshot().condemned());
    }
}
