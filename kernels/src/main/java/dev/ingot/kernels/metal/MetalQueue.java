package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.CommandBuffer.Completion;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.ComputePass.Part;
import dev.ingot.kernels.metal.objc.MtlDevice;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The GPU's queue, and whether it can still be trusted.
///
/// After an error the queue is dropped and made anew before the next step. Errors in a row mean that
/// this does not help: then the device is lost. Used from the device's thread; how steps ended comes in
/// on Metal's.
final class MetalQueue {
    private static final Logger LOG = LoggerFactory.getLogger(MetalQueue.class);

    /// Steps that may fail in a row.
    private static final int MAX_FAILURES = 3;

    private final MemorySegment device;
    private final WorkBudget budget;
    private final MetalFaults faults;

    private MemorySegment queue;
    private @Nullable Submission inFlight;

    // Written by Metal's thread, each before the completion is told.
    private volatile boolean broken;
    private volatile int failures;

    MetalQueue(MemorySegment device, WorkBudget budget, MetalFaults faults) {
        this.device = device;
        this.budget = budget;
        this.faults = faults;
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

    /// Drops the queue and makes another.
    ///
    /// @throws DeviceException of kind `DEVICE_LOST` if there is none to be had
    void rebuild() {
        LOG.warn("Rebuilding the Metal queue after an error");
        ObjectiveC.release(queue);
        queue = MemorySegment.NULL;
        queue = create();
        broken = false;
    }

    /// Runs the parts of a step in order; a pool has to be open.
    ///
    /// @param completion told once, when the last has ended
    void submit(List<Part> parts, Completion completion) {
        run(new Submission(parts, budget, this::judge, completion));
    }

    /// [#submit] of what only tries whether the device works: says nothing about the steps.
    Submission probe(List<Part> parts, Completion completion) {
        return run(new Submission(parts, budget, failure -> failure, completion));
    }

    private Submission run(Submission submission) {
        inFlight = submission;
        submission.commit();
        return submission;
    }

    /// Waits for what is in flight, for so long at most, and gives the queue back.
    void close(long nanos) {
        Submission last = inFlight;
        if (last != null && !last.await(nanos)) {
            last.abandon();
            // Metal holds what the lost buffers use until it gives them up.
            LOG.error("The GPU did not finish its last step; closing without it");
        }
        ObjectiveC.release(queue);
        queue = MemorySegment.NULL;
    }

    private @Nullable DeviceException judge(@Nullable DeviceException failure) {
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
