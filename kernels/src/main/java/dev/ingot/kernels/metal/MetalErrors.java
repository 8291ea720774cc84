package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceException.Kind;
import dev.ingot.kernels.metal.objc.NsError;

/// What a command buffer's error means for the engine.
final class MetalErrors {
    private MetalErrors() {}

    /// @param part which of the step's command buffers failed, from 0
    /// @param parts how many the step had
    static DeviceException of(NsError error, int part, int parts) {
        return new DeviceException(
                kind(error.code()),
                "command buffer " + (part + 1) + " of " + parts + " failed: " + error);
    }

    /// `MTLCommandBufferError`, and what the driver reports beside it.
    private static Kind kind(long code) {
        return switch ((int) code) {
            case 2 -> Kind.TIMEOUT;
            case 3 -> Kind.PAGE_FAULT;
            case 4 -> Kind.DEVICE_LOST; // access revoked: too many timeouts before
            case 7 -> Kind.UNAVAILABLE; // not permitted: no GPU for a process in the background
            case 8 -> Kind.OUT_OF_MEMORY;
            case 9 -> Kind.PAGE_FAULT; // invalid resource: freed while it was in use
            case 11 -> Kind.DEVICE_LOST; // device removed
            case 14 -> Kind.TIMEOUT; // impacting interactivity: the display waited too long
            default -> Kind.INTERNAL;
        };
    }
}
