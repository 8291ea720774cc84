package dev.ingot.scheduler;

import dev.ingot.engine.sequence.FinishReason;

/// What a step that the device failed costs those who were in it: all of them start over, and who was in two of them, in the
/// last one alone, is given up.
final class FailedSteps {
    /// Steps that may fail one after the other with a sequence in them, the last with nobody else, before it is
    /// given up.
    static final int MAX_FAILURES = 2;

    private final Roster roster;
    private final Holdings holdings;
    private final NextStep next;
    private final StepsInFlight inFlight;
    private final EngineMetrics metrics;

    FailedSteps(
            Roster roster,
            Holdings holdings,
            NextStep next,
            StepsInFlight inFlight,
            EngineMetrics metrics) {
        this.roster = roster;
        this.holdings = holdings;
        this.next = next;
        this.inFlight = inFlight;
        this.metrics = metrics;
    }

    /// This step failed, and it has ended.
    ///
    /// @param message of the device
    void failed(StepInFlight step, String message) {
        voidNext(step);
        for (var entry : step.entries().reversed()) {
            if (!roster.has(entry)) {
                continue;
            }
            var sequence = entry.sequence();
            sequence.failedStep();
            if (sequence.failures() < MAX_FAILURES || step.entries().size() > 1) {
                holdings.startOver(sequence);
                continue;
            }
            next.leaveOut(sequence);
            holdings.endDistrusted(sequence);
            giveUp(entry, "the device failed the step: " + message);
        }
    }

    /// The worker will not run the step that waits behind one that failed: whom only that one was for starts over,
    /// blameless.
    private void voidNext(StepInFlight failed) {
        var voided = inFlight.voidNext();
        if (voided == null) {
            return;
        }
        for (var entry : voided.entries().reversed()) {
            var sequence = entry.sequence();
            if (roster.has(entry) && !failed.isFor(entry)) {
                sequence.startOver();
                holdings.startOver(sequence);
            }
        }
    }

    /// Tells the request of an entry that is on the roster no more that it cannot be finished.
    void giveUp(Admitted entry, String message) {
        metrics.condemned();
        metrics.finished(FinishReason.ERROR);
        entry.replyTo().tell(entry.failed(message));
    }
}
