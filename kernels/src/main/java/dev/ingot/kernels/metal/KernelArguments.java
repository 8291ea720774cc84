package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/// A kernel's `constant` struct being written: fields of four bytes, in the order of their declaration.
///
/// One for a device; what [#bytes] returns is copied by the pass before the next one begins.
final class KernelArguments {
    /// The longest struct of the kernels, with room.
    static final long MAX_BYTES = 256;

    private final MemorySegment memory;
    private long at;

    /// @param memory [#MAX_BYTES] that live as long as the device
    KernelArguments(MemorySegment memory) {
        this.memory = memory;
    }

    KernelArguments begin() {
        at = 0;
        return this;
    }

    KernelArguments put(int value) {
        memory.set(JAVA_INT, at, value);
        at += Integer.BYTES;
        return this;
    }

    KernelArguments put(float value) {
        memory.set(JAVA_FLOAT, at, value);
        at += Float.BYTES;
        return this;
    }

    /// What was put since [#begin].
    MemorySegment bytes() {
        return memory.asSlice(0, at);
    }
}
