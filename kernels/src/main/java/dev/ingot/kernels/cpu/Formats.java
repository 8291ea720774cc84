package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;

/// The header's numbers for how an element is stored.
final class Formats {
    private Formats() {}

    /// `INGOT_F32`, `INGOT_F16`, `INGOT_BF16` or `INGOT_I8`.
    static int code(DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 2;
            case I8 -> 5;
            case I32 -> throw new IllegalArgumentException("I32 is no format of weights");
        };
    }
}
