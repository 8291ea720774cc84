package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ingot.kernels.metal.objc.MtlLibrary;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The values of a kernel's `[[function_constant(n)]]`s: what is known before it runs is compiled into it.
///
/// @param values in the order in which they were given
record FunctionConstants(List<Value> values) {
    /// No constants.
    static final FunctionConstants NONE = new FunctionConstants(List.of());

    /// `MTLDataType`
    private static final int FLOAT = 3;

    private static final int INT = 29;
    private static final int UINT = 33;
    private static final int BOOL = 53;

    /// One constant.
    ///
    /// @param type an `MTLDataType` of at most four bytes
    /// @param bits its value
    record Value(int index, int type, int bits) {}

    FunctionConstants {
        values = List.copyOf(values);
    }

    FunctionConstants with(int index, boolean value) {
        return plus(index, BOOL, value ? 1 : 0);
    }

    FunctionConstants with(int index, int value) {
        return plus(index, INT, value);
    }

    FunctionConstants withUint(int index, int value) {
        return plus(index, UINT, value);
    }

    FunctionConstants with(int index, float value) {
        return plus(index, FLOAT, Float.floatToRawIntBits(value));
    }

    private FunctionConstants plus(int index, int type, int bits) {
        List<Value> more = new ArrayList<>(values);
        more.add(new Value(index, type, bits));
        return new FunctionConstants(more);
    }

    /// An `MTLFunctionConstantValues`, which the caller owns.
    MemorySegment create() {
        MemorySegment constants = MtlLibrary.newConstants();
        try (Arena arena = Arena.ofConfined()) {
            for (Value value : values) {
                // A bool is the first byte: every machine that this runs on is little-endian.
                MemorySegment bits = arena.allocateFrom(JAVA_INT, value.bits());
                MtlLibrary.setConstant(constants, bits, value.type(), value.index());
            }
            return constants;
        } catch (RuntimeException | Error e) {
            ObjectiveC.release(constants);
            throw e;
        }
    }
}
