package dev.ingot.scheduler;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.worker.Worker;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// The scheduler's side of a [CanaryActor]: answers it from what it sees, or with a step of one token.
///
/// That step takes the way of every other one, from the scheduler's mailbox through the allocator's to the device and
/// back, when nobody else has anything to run. Its token is computed in a block that is nobody else's, behind those of the
/// pool, so it takes nothing from anybody.
final class Canary {
    private static final SequenceId SEQUENCE = new SequenceId(0, 0);
    private static final Tokens TOKENS = Tokens.of(0);

    private final BlockTableView block;
    private final int vocabulary;
    private final EngineMetrics metrics;
    private boolean stepCompleted;
    private @Nullable ActorRef<Answer> asker;

    /// What the actor hears.
    sealed interface Answer permits Running, Proven, Failed {}

    /// The device works on a step, which the watchdog watches; if it is the canary's own, its end follows.
    enum Running implements Answer {
        INSTANCE
    }

    /// A step has completed since the last question.
    enum Proven implements Answer {
        INSTANCE
    }

    /// The canary's step came to nothing.
    record Failed(String why) implements Answer {}

    /// @param kv the pool; the device has one block more
    Canary(KvGeometry kv, int vocabulary, EngineMetrics metrics) {
        this.block = BlockTableView.ofBlock(kv.blockCount(), kv.blockSize(), kv.groups().count());
        this.vocabulary = vocabulary;
        this.metrics = metrics;
    }

    /// Somebody wants to know whether the engine works.
    ///
    /// @return whether only a step of its own can tell
    boolean asked(ActorRef<Answer> replyTo, boolean stepIsRunning) {
        if (stepCompleted) {
            stepCompleted = false;
            replyTo.tell(Proven.INSTANCE);
            return false;
        }
        asker = replyTo;
        if (stepIsRunning) {
            running();
        }
        return !stepIsRunning;
    }

    /// Nobody waits for the answer any more.
    void cancelled() {
        asker = null;
    }

    /// Whether a step of its own is to run as soon as nobody else has one.
    boolean isWaiting() {
        return asker != null;
    }

    /// The slice of its step.
    Slice slice() {
        var sampler =
                new SequenceSampler(SamplingParams.greedy(1), 0, TOKENS, Tokens.NONE, vocabulary);
        return new Slice(SEQUENCE, TOKENS, 0, block, sampler);
    }

    /// A step was sent to the device.
    void running() {
        if (asker != null) {
            asker.tell(Running.INSTANCE);
        }
    }

    /// Somebody's step ended well.
    void stepCompleted() {
        stepCompleted = true;
        answer(Proven.INSTANCE);
    }

    /// Its own step ended with this.
    void sampled(Worker.Outcome outcome) {
        switch (outcome) {
            case Worker.Sampled _ -> {
                metrics.canary("ok");
                answer(Proven.INSTANCE);
            }
            case Worker.RowFailed(SequenceId _, String message) -> failed(message);
        }
    }

    /// Its own step failed.
    void failed(String why) {
        metrics.canary("failed");
        answer(new Failed(why));
    }

    private void answer(Answer answer) {
        if (asker != null) {
            asker.tell(answer);
            asker = null;
        }
    }
}
