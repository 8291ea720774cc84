package dev.ingot.scheduler;

import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// A request in the engine that serves it, one at a time: what it submits there, grants and aborts, under which epoch.
///
/// A new epoch begins whenever it leaves one engine for another: what the old one still says is not heard.
final class Submission {
    private final RequestSpec spec;
    private final Choices choices;
    private final ActorRef<Engine.Event> replyTo;
    private final EngineMetrics metrics;
    private @Nullable ActorRef<Engine.Command> engine;
    private int epoch;
    private String numericClass = "";
    private boolean approximate;

    /// @param replyTo hears what the engines say
    Submission(
            RequestSpec spec,
            Choices choices,
            ActorRef<Engine.Event> replyTo,
            EngineMetrics metrics) {
        this.spec = spec;
        this.choices = choices;
        this.replyTo = replyTo;
        this.metrics = metrics;
    }

    /// Who serves it now; null between two engines.
    @Nullable ActorRef<Engine.Command> engine() {
        return engine;
    }

    int epoch() {
        return epoch;
    }

    /// Of the first engine; empty before.
    String numericClass() {
        return numericClass;
    }

    /// Whether it went on in an engine of another numeric class.
    boolean isApproximate() {
        return approximate;
    }

    /// Whether this is said by the engine that serves it, and not by one that it has left.
    boolean isCurrent(Engine.Event event) {
        return event.epoch() == epoch;
    }

    /// Submits there what has not ended, with what was delivered of it.
    ///
    /// @param opened whether its client was told that it runs
    void submit(Engines.Found found, boolean opened) {
        if (numericClass.isEmpty()) {
            numericClass = found.numericClass();
        } else if (!numericClass.equals(found.numericClass()) && choices.deliveredCount() > 0) {
            approximate = true;
            metrics.continuedApproximately();
        }
        var ready = found.engine();
        engine = ready;
        for (int i = 0; i < choices.count(); i++) {
            var choice = choices.get(i);
            if (!choice.isEnded()) {
                ready.tell(
                        new Engine.Submit(
                                sequence(i),
                                epoch,
                                choice.spec().prompt(),
                                choice.log(),
                                choice.spec().params(),
                                spec.caller(),
                                spec.cacheSalt(),
                                choice.creditUpTo(),
                                opened,
                                replyTo));
            }
        }
    }

    /// The reader has taken what it was told: the engine may go on as far.
    void grantTaken() {
        for (int i = 0; i < choices.count(); i++) {
            var choice = choices.get(i);
            if (choice.taken(RequestActor.WINDOW) && engine != null) {
                engine.tell(new Engine.Credit(sequence(i), epoch, choice.creditUpTo()));
            }
        }
    }

    void abort(SequenceId sequence, FinishReason reason) {
        if (engine != null) {
            engine.tell(new Engine.Abort(sequence, epoch, reason));
        }
    }

    /// Ends what still runs there, so that nothing of this epoch holds blocks.
    void abortAll() {
        for (int i = 0; i < choices.count(); i++) {
            if (!choices.get(i).isEnded()) {
                abort(sequence(i), FinishReason.ABORTED);
            }
        }
    }

    /// The engine is not there any more, or is not wanted any more.
    void left() {
        engine = null;
    }

    void beginEpoch() {
        epoch++;
    }

    private SequenceId sequence(int choice) {
        return new SequenceId(spec.id(), choice);
    }
}
