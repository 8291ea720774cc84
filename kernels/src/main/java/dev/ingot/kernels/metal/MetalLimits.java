package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.objc.MtlDevice;
import java.lang.foreign.MemorySegment;

/// What a GPU says of itself: asked for, never assumed.
///
/// @param family the newest Apple family that it supports, 7 for M1; or what it was told to assume
/// @param workingSetBytes memory that may be in use together, less a share for what is not ours to count
/// @param maxBufferBytes the largest buffer
/// @param threadgroupMemoryBytes of a threadgroup
/// @param unifiedMemory host and GPU share one memory
record MetalLimits(
        int family,
        long workingSetBytes,
        long maxBufferBytes,
        long threadgroupMemoryBytes,
        boolean unifiedMemory) {
    /// Has a GPU that reports an older family taken for this one: a virtual machine's reports Apple5 and
    /// can do what Apple7 can.
    static final String FAMILY_PROPERTY = "ingot.metal.assume-family";

    /// The first with simdgroup matrices.
    private static final int NEEDED_FAMILY = 7;

    private static final int APPLE = 1000;
    private static final int NEWEST_ASKED_FOR = 12;

    /// Of the recommended working set, what is left to pipelines, command buffers and other processes.
    private static final int HEAD_ROOM_DIVISOR = 16;

    static MetalLimits of(MemorySegment device) {
        long recommended = MtlDevice.recommendedMaxWorkingSetSize(device);
        return new MetalLimits(
                family(device),
                recommended - recommended / HEAD_ROOM_DIVISOR,
                MtlDevice.maxBufferLength(device),
                MtlDevice.maxThreadgroupMemoryLength(device),
                MtlDevice.hasUnifiedMemory(device));
    }

    /// @throws DeviceException of kind `UNAVAILABLE` if the kernels cannot run there
    void require(String deviceName) {
        if (family < NEEDED_FAMILY) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    deviceName
                            + " is of family Apple"
                            + family
                            + "; the kernels need Apple"
                            + NEEDED_FAMILY
                            + " (M1 or newer). A virtual machine may report less than it can do: -D"
                            + FAMILY_PROPERTY
                            + "="
                            + NEEDED_FAMILY);
        }
        if (!unifiedMemory) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    deviceName
                            + " has memory of its own; Ingot needs a GPU that shares the host's");
        }
    }

    private static int family(MemorySegment device) {
        Integer assumed = Integer.getInteger(FAMILY_PROPERTY);
        if (assumed != null) {
            return assumed;
        }
        int family = NEWEST_ASKED_FOR;
        while (family > 0 && !MtlDevice.supportsFamily(device, APPLE + family)) {
            family--;
        }
        return family;
    }
}
