package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.CommandBuffer.Completion;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.ComputePass.Part;
import dev.ingot.kernels.metal.objc.MtlDevice;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The GPU's queue, and whether it can still be trusted.
///
/// After an error the queue is dropped and made anew before the next step. Errors in a row mean that
/// this does not help: then the device is lost. It takes two steps, so that the GPU finds the next one without
/// waiting for anybody. Used from the device's thread; how steps ended comes in on Metal's.
final class MetalQueue {
    private static final Logger LOG = LoggerFactory.getLogger(MetalQueue.class);

    /// Steps that may be submitted and not ended.
    private static final int CAPACITY = 2;

    /// Steps that may fail in a row.
    private static final int MAX_FAILURES = 3;

    private final MemorySegment device;
    private final WorkBudget budget;
    private final ArrayDeque<Submission> inFlight = new ArrayDeque<>(CAPACITY);

    private MemorySegment queue;

    // Written by Metal's thread, each before the completion is told.
    private volatile boolean broken;
    private volatile int failures;

    MetalQueue(MemorySegment device, WorkBudget budget) {
        this.device = device;
        this.budget = budget;
        queue = create();
    }

    /// The `MTLCommandQueue`.
    MemorySegment id() {
        return queue;
    }

    /// Whether a step failed since the queue was made.
    boolean isBroken() {
        return broken;
    }

    /// That one more step may be submitted.
    ///
    /// @throws IllegalStateException if two have not ended
    void requireRoom() {
        inFlight.removeIf(Submission::isDone);
        if (inFlight.size() == CAPACITY) {
            throw new IllegalStateException(
                    CAPACITY + " command buffers are committed and have not ended");
        }
    }

    /// Drops the queue and makes another.
    ///
    /// @throws DeviceException of kind `DEVICE_LOST` if there is none to be had
    /// @throws IllegalStateException if a step has not ended
    void rebuild() {
        inFlight.removeIf(Submission::isDone);
        if (!inFlight.isEmpty()) {
            throw new IllegalStateException("a step behind the one that failed has not ended");
        }
        LOG.warn("Rebuilding the Metal queue after an error");
        ObjectiveC.release(queue);
        queue = MemorySegment.NULL;
        queue = create();
        broken = false;
    }

    /// Runs the parts of a step in order; a pool has to be open.
    ///
    /// @param faults what the kernels of this step report to
    /// @param completion told once, when the last has ended
    void submit(List<Part> parts, MetalFaults faults, Completion completion) {
        run(new Submission(parts, budget, failure -> judge(failure, faults), completion));
    }

    /// [#submit] of what only tries whether the device works: says nothing about the steps.
    Submission probe(List<Part> parts, Completion completion) {
        return run(new Submission(parts, budget, failure -> failure, completion));
    }

    private Submission run(Submission submission) {
        inFlight.add(submission);
        submission.commit();
        return submission;
    }

    /// Waits for what is in flight, for so long at most, and gives the queue back.
    void close(long nanos) {
        long patience = nanos;
        for (Submission each : inFlight) {
            if (!each.await(patience)) {
                each.abandon();
                patience = 0; // What is behind it cannot end either.
                // Metal holds what the lost buffers use until it gives them up.
                LOG.error("The GPU did not finish a step; closing without it");
            }
        }
        ObjectiveC.release(queue);
        queue = MemorySegment.NULL;
    }

    private @Nullable DeviceException judge(@Nullable DeviceException failure, MetalFaults faults) {
        if (broken) {
            return failure; // Behind one that failed: that one is counted.
        }
        if (failure == null) {
            failures = 0;
            return faults.found();
        }
        broken = true;
        int inARow = failures + 1;
        failures = inARow;
        if (inARow < MAX_FAILURES) {
            return failure;
        }
        return new DeviceException(
                DeviceException.Kind.DEVICE_LOST,
                inARow + " steps failed in a row; the last: " + failure.getMessage(),
                failure);
    }

    private MemorySegment create() {
        MemorySegment created = MtlDevice.newCommandQueue(device, ComputePass.MAX_PARTS + 1);
        if (ObjectiveC.isNil(created)) {
            throw new DeviceException(
                    DeviceException.Kind.DEVICE_LOST, "the GPU gives no command queue");
        }
        return created;
    }
}
