package dev.ingot.scheduler;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.worker.StepBefore;
import dev.ingot.worker.Worker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.function.LongPredicate;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// A worker whose next token is a hash of the KV contents that it reads through the block tables, so that a block
/// that is aliased, stale or lost shows as a wrong token.
final class FakeWorker {
    static final int VOCABULARY = 1000;

    private final int blockSize;
    private final int[] memory;
    private final LongPredicate fails;
    private final ActorRef<Worker.Command> self;
    private final StepBefore before = new StepBefore();
    private final ArrayDeque<Worker.ExecuteStep> steps = new ArrayDeque<>();

    private FakeWorker(KvGeometry kv, LongPredicate fails, ActorRef<Worker.Command> self) {
        this.self = self;
        this.blockSize = kv.blockSize();
        this.memory = new int[(int) kv.positions() + Worker.CANARY_BLOCKS * kv.blockSize()];
        this.fails = fails;
        Arrays.fill(memory, -1);
    }

    static KvGeometry geometry(int blockSize, int blockCount) {
        return new KvGeometry(1, 1, 2, blockSize, blockCount, DType.F32);
    }

    /// @param fails which steps fail, by id; a failed step has written half of what it should
    static Behavior<Worker.Command> create(KvGeometry kv, LongPredicate fails) {
        return Behaviors.setup(context ->
                Behaviors.receiveMessage(new FakeWorker(kv, fails, context.getSelf())::on));
    }

    static Worker.Loaded loaded(
            ActorRef<Worker.Command> worker, KvGeometry kv, int maxModelLength) {
        var device = new DeviceInfo("fake", "fake", "hash", 1, 0, "fake");
        return new Worker.Loaded(worker, device, maxModelLength, VOCABULARY, kv, 0);
    }

    /// The token that must follow these.
    static int next(Tokens tokens) {
        int hash = 17;
        for (int i = 0; i < tokens.size(); i++) {
            hash = step(hash, tokens.get(i));
        }
        return token(hash);
    }

    private static int step(int hash, int token) {
        return 31 * hash + token + 1;
    }

    private static int token(int hash) {
        return Math.floorMod(hash ^ (hash >>> 15), VOCABULARY);
    }

    private Behavior<Worker.Command> on(Worker.Command message) {
        switch (message) {
            case Worker.ExecuteStep step -> {
                steps.add(step);
                if (steps.size() == 1) {
                    endLater();
                }
            }
            case Worker.CommandBufferEnded _ -> end(steps.remove());
        }
        return Behaviors.same();
    }

    /// It ends a message later, so that the next step can have come by then.
    private void endLater() {
        self.tell(new Worker.CommandBufferEnded(0, null, 0));
    }

    private void end(Worker.ExecuteStep step) {
        var failed = before.failed(step.plan());
        var reply = failed == null ? run(before.resolved(step.plan())) : failed;
        before.ended(reply);
        step.replyTo().tell(reply);
        if (!steps.isEmpty()) {
            endLater();
        }
    }

    private Worker.Reply run(StepPlan plan) {
        if (fails.test(plan.stepId())) {
            for (var slice : plan.slices()) {
                memory[slice.blocks().slot(0, slice.firstPosition())] = -7;
            }
            return new Worker.StepFailed(
                    plan.stepId(), DeviceException.Kind.INTERNAL, "as planned");
        }
        for (var copy : plan.copies()) {
            int from = copy.source() * blockSize;
            System.arraycopy(memory, from, memory, copy.target() * blockSize, blockSize);
        }
        for (var slice : plan.slices()) {
            for (int i = 0; i < slice.tokens().size(); i++) {
                memory[slice.blocks().slot(0, slice.firstPosition() + i)] = slice.tokens().get(i);
            }
        }
        var outcomes = new ArrayList<Worker.Outcome>();
        for (var slice : plan.slices()) {
            if (slice.sampler() != null) {
                outcomes.add(sample(slice, slice.sampler()));
            }
        }
        return new Worker.StepCompleted(plan.stepId(), outcomes, 1);
    }

    private Worker.Outcome sample(Slice slice, SequenceSampler sampler) {
        int hash = 17;
        for (int position = 0; position < slice.sequenceLength(); position++) {
            int block = slice.blocks().block(0, position / blockSize);
            hash = step(hash, memory[block * blockSize + position % blockSize]);
        }
        return new Worker.Sampled(slice.sequence(), sampler.nextDrawn(token(hash)));
    }
}
