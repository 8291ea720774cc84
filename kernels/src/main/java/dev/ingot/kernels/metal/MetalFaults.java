package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DeviceException;
import org.jspecify.annotations.Nullable;

/// Indices out of their tables that the kernels met in a step.
record MetalFaults(MetalDevice owner) {
    static MetalFaults of(MetalDevice device) {
        return new MetalFaults(device);
    }

    /// Forgets what was found; before a step.
    void clear() {}

    /// What the first kernel of the step that met one says, or null.
    @Nullable DeviceException found() {
        return null;
    }
}
