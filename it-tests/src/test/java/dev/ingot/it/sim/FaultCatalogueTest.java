package dev.ingot.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.it.sim.ClientLog.End;
import dev.ingot.scheduler.FaultPoint;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/// One fault at a time, each at many moments of a run, and each verified to have happened.
///
/// Whatever is not said here holds for every run: the tokens are those of an undisturbed one, every request ends once, and
/// no block, sequence or actor is left.
final class FaultCatalogueTest {
    private static final int CLIENTS = 16;
    private static final Map<End, Integer> ALL_COMPLETED = Map.of(End.COMPLETED, CLIENTS);

    /// Room for a few at a time: there are waiting and running sequences at any moment.
    private static final SimSettings SETTINGS =
            new SimSettings(CLIENTS, 4, 60, 80, 5, 24, 1000, true);

    /// Runs without any fault, by seed.
    private static final Map<Integer, Simulation.Report> UNDISTURBED = new HashMap<>();

    private static @Nullable SimSystem system;

    @BeforeAll
    static void start() {
        system = SimSystem.start();
    }

    @AfterAll
    static void stop() {
        if (system != null) {
            system.close();
        }
    }

    private static Simulation.Report run(
            long seed, SimSettings settings, Faults faults, @Nullable FaultPoint point) {
        var running = system;
        if (running == null) {
            throw new IllegalStateException("not started");
        }
        return Simulation.run(running, seed, settings, faults, point);
    }

    /// The fault once, at its `nth` occasion in the run of seed `nth`, or where that has fewer, at an earlier one: until
    /// then the run is the one without any fault, so that the fault is certain to happen.
    private static Simulation.Report once(Fault fault, int nth, @Nullable FaultPoint point) {
        var without =
                UNDISTURBED.computeIfAbsent(nth, seed -> run(seed, SETTINGS, Faults.none(), null));
        int occasions =
                point == null
                        ? without.occasions().getOrDefault(fault, 0)
                        : without.passed().getOrDefault(point, 0);
        assertThat(occasions).as("occasions for %s %s", fault, point).isPositive();
        int moment = 1 + (nth - 1) % occasions;
        var report = run(nth, SETTINGS, Faults.once(fault, moment), point);
        assertThat(report.faults()).as("the fault happened").containsExactly(Map.entry(fault, 1));
        return report;
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ALL, names = "SCHEDULER_.*")
    void aSchedulerThatThrowsAnywhereCostsNoToken(FaultPoint point) {
        if (point == FaultPoint.SCHEDULER_ON_ABORT) {
            return; // Nobody aborts here; see below.
        }
        var fault =
                point == FaultPoint.SCHEDULER_BEFORE_LAST_WORD
                        ? Fault.LAST_WORD_LOST
                        : Fault.SCHEDULER_THROWS;
        int moments = fault == Fault.LAST_WORD_LOST ? CLIENTS : 20;
        for (int nth = 1; nth <= moments; nth++) {
            var report = once(fault, nth, point);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics()).containsEntry("restarts", 1.0);
            assertThat(report.metrics().get("resubmissions")).isPositive();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ALL, names = "ALLOCATOR_.*")
    void anAllocatorThatThrowsAnywhereCostsNoToken(FaultPoint point) {
        for (int nth = 1; nth <= 12; nth++) {
            var report = once(Fault.ALLOCATOR_THROWS, nth, point);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics()).containsEntry("restarts", 1.0);
        }
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "SCHEDULER_KILLED",
                "ALLOCATOR_KILLED",
                "WORKER_KILLED",
                "WORKER_CRASH_BEFORE_WRITING",
                "WORKER_CRASH_BEFORE_REPLY",
                "DEVICE_PAGE_FAULT",
                "DEVICE_LOST",
                "STEP_HANGS",
                "REPLY_AFTER_WATCHDOG"
            })
    void anEngineThatIsLostAtAnyStepCostsNoToken(Fault fault) {
        for (int nth = 1; nth <= 30; nth++) {
            var report = once(fault, nth, null);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics()).containsEntry("restarts", 1.0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"STEP_OUT_OF_MEMORY", "STEP_TIMEOUT", "STEP_INTERNAL"})
    void aStepThatFailsHalfWayIsDoneAgainByTheSameWorker(Fault fault) {
        for (int nth = 1; nth <= 30; nth++) {
            var report = once(fault, nth, null);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics()).containsEntry("restarts", 0.0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"REPLY_TWICE", "REPLY_OF_EARLIER_STEP"})
    void aReplyThatComesAgainChangesNothing(Fault fault) {
        for (int nth = 1; nth <= 30; nth++) {
            var report = once(fault, nth, null);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics()).containsEntry("restarts", 0.0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NAN_ROW", "NAN_ROW_OF_PROMPT"})
    void aRowWithoutADistributionFailsItsOwnRequestOnly(Fault fault) {
        for (int nth = 1; nth <= 8; nth++) {
            var report = once(fault, nth, null);
            assertThat(report.ends()).isEqualTo(Map.of(End.COMPLETED, CLIENTS - 1, End.BROKEN, 1));
        }
    }

    @Test
    void aPoisonousPromptLosesTwoWorkersAndIsFailedAlone() {
        for (int nth = 1; nth <= CLIENTS; nth++) {
            var report = once(Fault.POISON, nth, null);
            assertThat(report.ends()).isEqualTo(Map.of(End.COMPLETED, CLIENTS - 1, End.BROKEN, 1));
            assertThat(report.metrics()).containsEntry("restarts", 2.0);
        }
    }

    /// Its first worker is lost while the guardian ends the engine for another reason.
    @Test
    void aPoisonousPromptIsBlamedAlsoWhereItsSchedulerEndsWithTheWorker() {
        for (int seed = 1; seed <= CLIENTS; seed++) {
            var faults = Faults.sequence(Fault.POISON, 1, Fault.SCHEDULER_KILLED_WITH_WORKER, 1);
            var report = run(seed, SETTINGS, faults, null);
            assertThat(report.faults()).containsEntry(Fault.SCHEDULER_KILLED_WITH_WORKER, 1);
            assertThat(report.ends()).isEqualTo(Map.of(End.COMPLETED, CLIENTS - 1, End.BROKEN, 1));
            assertThat(report.metrics()).containsEntry("restarts", 2.0);
        }
    }

    @Test
    void aPromptThatFailsItsStepsIsFailedAlone() {
        for (int nth = 1; nth <= CLIENTS; nth++) {
            var report = once(Fault.POISON_STEP, nth, null);
            assertThat(report.ends()).isEqualTo(Map.of(End.COMPLETED, CLIENTS - 1, End.BROKEN, 1));
            assertThat(report.metrics()).containsEntry("restarts", 0.0);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_ALL, names = "REQUEST_.*")
    void aRequestThatThrowsTakesNobodyWithIt(FaultPoint point) {
        for (int nth = 1; nth <= 16; nth++) {
            var report = once(Fault.REQUEST_THROWS, nth, point);
            assertThat(report.ends()).containsEntry(End.COMPLETED, CLIENTS - 1);
            assertThat(report.metrics()).containsEntry("restarts", 0.0);
        }
    }

    @Test
    void aRequestThatIsKilledTakesNobodyWithIt() {
        int killed = 0;
        for (int nth = 1; nth <= CLIENTS; nth++) {
            var report = once(Fault.REQUEST_KILLED, nth, null);
            assertThat(report.ends().get(End.COMPLETED)).isGreaterThanOrEqualTo(CLIENTS - 1);
            killed += report.ends().getOrDefault(End.DIED, 0);
        }
        assertThat(killed).as("some were killed before they ended").isPositive();
    }

    @Test
    void aClientThatLeavesAtAnyMomentLeavesNothingBehind() {
        int left = 0;
        for (int seed = 1; seed <= 60; seed++) {
            var report = run(seed, SETTINGS, Faults.only(Fault.CLIENT_LEAVES, 1, 8), null);
            assertThat(report.faults()).containsEntry(Fault.CLIENT_LEAVES, 8);
            assertThat(
                            report.ends().getOrDefault(End.COMPLETED, 0)
                                    + report.ends().getOrDefault(End.LEFT, 0))
                    .isEqualTo(CLIENTS);
            left += report.ends().getOrDefault(End.LEFT, 0);
        }
        assertThat(left).isGreaterThan(60);
    }

    @Test
    void aSchedulerThatThrowsWhileItAbortsLeavesNothingBehind() {
        var faults = Faults.sequence(Fault.CLIENT_LEAVES, 8, Fault.SCHEDULER_THROWS, 1);
        var report = run(3, SETTINGS, faults, FaultPoint.SCHEDULER_ON_ABORT);
        assertThat(report.faults()).containsEntry(Fault.SCHEDULER_THROWS, 1);
        assertThat(report.metrics()).containsEntry("restarts", 1.0);
    }

    @Test
    void readersThatStopForEverHoldUpNobodyElse() {
        var report = run(5, SETTINGS, Faults.only(Fault.CLIENT_STALLS, 1, 8), null);
        assertThat(report.faults()).containsEntry(Fault.CLIENT_STALLS, 8);
        assertThat(report.ends().get(End.COMPLETED)).isGreaterThanOrEqualTo(CLIENTS - 8);
    }

    @Test
    void slowReadersAreServedToTheEnd() {
        var report = run(6, SETTINGS, Faults.only(Fault.CLIENT_SLOW, 1, CLIENTS), null);
        assertThat(report.faults()).containsEntry(Fault.CLIENT_SLOW, CLIENTS);
        assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
    }

    @Test
    void whatADrainingEngineHandsBackGoesOnElsewhereWithoutLosingAToken() {
        double handedBack = 0;
        for (int nth = 1; nth <= CLIENTS; nth++) {
            var report = once(Fault.ENGINE_DRAINED, nth, null);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics()).containsEntry("restarts", 0.0);
            handedBack += report.metrics().getOrDefault("handedBack", 0.0);
        }
        assertThat(handedBack).as("some were under way").isPositive();
    }

    @Test
    void anIdleEngineIsAskedAndDisturbsNobody() {
        // Readers at a token every two seconds hold their blocks while nothing runs.
        var report = run(6, SETTINGS, Faults.only(Fault.CLIENT_SLOW, 1, CLIENTS), null);
        assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
        assertThat(report.metrics().get("canaries")).isGreaterThan(10);
        assertThat(report.metrics()).containsEntry("restarts", 0.0);
    }

    @Test
    void aModelThatDoesNotLoadForAWhileIsTriedAgainWithBackOff() {
        for (var fault : new Fault[] {Fault.LOAD_FAILS, Fault.LOAD_CRASHES}) {
            var faults =
                    fault == Fault.LOAD_FAILS
                            ? Faults.sequence(Fault.WORKER_KILLED, 1, fault, 4)
                            : Faults.only(fault, 1, 4);
            var report = run(8, SETTINGS, faults, null);
            assertThat(report.faults()).containsEntry(fault, 4);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
        }
    }

    @Test
    void aPoolThatHoldsOneSequenceAtItsFullLengthServesAll() {
        var exact = new SimSettings(CLIENTS, 4, 20, 80, 5, 24, 1000, true);
        double preemptions = 0;
        for (long seed = 1; seed <= 40; seed++) {
            var report = run(seed, exact, Faults.none(), null);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            preemptions += report.metrics().getOrDefault("preemptions", 0.0);
        }
        assertThat(preemptions).as("the pool was too small").isPositive();
    }

    @Test
    void aPrefixCacheWhoseHashesCollideSharesEqualContentsOnly() {
        for (long seed = 1; seed <= 20; seed++) {
            var report = run(seed, SETTINGS.withCollidingHashes(), Faults.none(), null);
            assertThat(report.ends()).isEqualTo(ALL_COMPLETED);
            assertThat(report.metrics().get("contents hashed alike")).isGreaterThan(10);
            assertThat(report.metrics().get("hits")).isPositive();
        }
    }

    @Test
    void aFullQueueRefusesAtOnceAndServesTheOthers() {
        var narrow = new SimSettings(CLIENTS, 4, 60, 80, 1, 24, 2, true);
        var report = run(9, narrow, Faults.none(), null);
        assertThat(report.ends().get(End.REFUSED)).isPositive();
        assertThat(report.ends().get(End.COMPLETED)).isPositive();
    }
}
