package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.CommandBuffer.Completion;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.ComputePass.Part;
import dev.ingot.kernels.metal.objc.CompletionBlock;
import dev.ingot.kernels.metal.objc.MtlCommands;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The command buffers of one step while the GPU has them.
///
/// Whether the step failed is told when the last of them has ended, and not at the first error: until
/// then the GPU may still write where the next step would.
final class Submission {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final int ABANDONED = -1;

    private final List<Part> parts;
    private final WorkBudget budget;
    private final UnaryOperator<@Nullable DeviceException> outcome;
    private final Completion completion;
    private final CountDownLatch ended = new CountDownLatch(1);

    private int running;
    private @Nullable DeviceException failure;

    /// @param parts at least one; released when they have ended
    /// @param outcome is shown how the step ended before the completion is told, and may change it
    Submission(
            List<Part> parts,
            WorkBudget budget,
            UnaryOperator<@Nullable DeviceException> outcome,
            Completion completion) {
        this.parts = parts;
        this.budget = budget;
        this.outcome = outcome;
        this.completion = completion;
        running = parts.size();
    }

    /// Hands everything to the GPU, in order; a pool has to be open.
    void commit() {
        for (int i = 0; i < parts.size(); i++) {
            int index = i;
            MemorySegment commandBuffer = parts.get(i).commandBuffer();
            CompletionBlock.listen(commandBuffer, buffer -> partEnded(index, buffer));
            MtlCommands.commit(commandBuffer);
        }
    }

    /// Waits until the GPU is done and the completion was told.
    ///
    /// @return whether that happened in time
    boolean await(long nanos) {
        boolean interrupted = Thread.interrupted();
        try {
            return ended.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
            return ended.getCount() == 0;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /// Whether the GPU is done with it, or nobody waits for it any more; its completion may just be told.
    synchronized boolean isDone() {
        return running <= 0;
    }

    /// Stops waiting for a GPU that does not answer: the completion is never told.
    synchronized void abandon() {
        if (running > 0) {
            running = ABANDONED;
            for (Part part : parts) {
                CompletionBlock.forget(part.commandBuffer());
                ObjectiveC.release(part.commandBuffer());
            }
        }
    }

    private void partEnded(int index, MemorySegment commandBuffer) {
        if (!isLast(index, commandBuffer)) {
            return;
        }
        parts.forEach(part -> ObjectiveC.release(part.commandBuffer()));
        DeviceException told = outcome.apply(failure);
        try {
            if (told == null) {
                completion.completed();
            } else {
                completion.failed(told);
            }
        } finally {
            ended.countDown();
        }
    }

    private synchronized boolean isLast(int index, MemorySegment commandBuffer) {
        if (running == ABANDONED) {
            return false;
        }
        if (MtlCommands.status(commandBuffer) == MtlCommands.Status.ERROR) {
            if (failure == null) {
                failure = MetalErrors.of(MtlCommands.error(commandBuffer), index, parts.size());
            }
        } else {
            double nanos = MtlCommands.gpuSeconds(commandBuffer) * NANOS_PER_SECOND;
            budget.learn(parts.get(index).nominalNanos(), nanos);
        }
        running--;
        return running == 0;
    }
}
