package dev.ingot.kernels.checks;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.DeviceBuffer;
import dev.ingot.engine.ops.Tensor;
import java.util.function.Predicate;

/// The checks of one op of an [Encoder][dev.ingot.engine.ops.Encoder], whose name begins every message.
///
/// Each throws [IllegalArgumentException] that says what was given and what was expected.
///
/// @param op the op's name
/// @param ours whether a buffer belongs to the device
public record OpCheck(String op, Predicate<DeviceBuffer> ours) {
    private static final int MAX_HEAD_DIM = 512;

    /// That the tensor is `F32` and of this device.
    public OpCheck floats(Tensor tensor, String name) {
        return typed(tensor, name, DType.F32);
    }

    /// That the tensor is `I32` and of this device.
    public OpCheck ints(Tensor tensor, String name) {
        return typed(tensor, name, DType.I32);
    }

    private OpCheck typed(Tensor tensor, String name, DType dtype) {
        if (!ours.test(tensor.buffer())) {
            throw refused(name + " " + tensor + " belongs to another device");
        }
        if (tensor.dtype() != dtype) {
            throw refused(name + " is " + tensor + " and not " + dtype);
        }
        if (tensor.byteOffset() % dtype.bytes(1) != 0) {
            throw refused(name + " " + tensor + " begins at byte " + tensor.byteOffset());
        }
        return this;
    }

    /// That the tensor is `[rows, columns]`.
    public OpCheck shape(Tensor tensor, String name, int rows, int columns) {
        if (tensor.rows() != rows || tensor.columns() != columns) {
            throw refused(name + " is " + tensor + " and not [" + rows + ", " + columns + "]");
        }
        return this;
    }

    /// That the tensor's columns are a multiple of `columns`.
    public void multiple(Tensor tensor, String name, int columns) {
        if (tensor.columns() % columns != 0) {
            throw refused(name + " is " + tensor + ": its columns are no multiple of " + columns);
        }
    }

    /// That a number is within its limit.
    public void atMost(int value, int limit, String what) {
        if (value > limit) {
            throw refused(value + " " + what + " and not at most " + limit);
        }
    }

    /// That heads of this size can be turned.
    public void headDim(int headDim) {
        if (headDim <= 0 || headDim % 2 != 0 || headDim > MAX_HEAD_DIM) {
            throw refused("headDim " + headDim + " is not even and in 2 … " + MAX_HEAD_DIM);
        }
    }

    /// That two tensors share no element. Column views of one tensor are told apart by their columns.
    public void apart(Tensor out, Tensor x) {
        if (overlap(out, x)) {
            throw refused("out " + out + " overlaps its input " + x);
        }
    }

    /// That two tensors are the same or share no element.
    public void sameOrApart(Tensor out, Tensor x) {
        boolean same =
                out.buffer().equals(x.buffer())
                        && out.byteOffset() == x.byteOffset()
                        && out.rowStride() == x.rowStride();
        if (!same) {
            apart(out, x);
        }
    }

    private static boolean overlap(Tensor a, Tensor b) {
        if (!a.buffer().equals(b.buffer())
                || a.byteOffset() + a.bytes() <= b.byteOffset()
                || b.byteOffset() + b.bytes() <= a.byteOffset()) {
            return false;
        }
        if (a.rowStride() != b.rowStride()) {
            return true;
        }
        long distance = (b.byteOffset() - a.byteOffset()) / a.dtype().bytes(1);
        long column = Math.floorMod(distance, (long) a.rowStride());
        return column < a.columns() || column + b.columns() > a.rowStride();
    }

    /// What is thrown, for checks of a device's own.
    public IllegalArgumentException refused(String why) {
        return new IllegalArgumentException(op + ": " + why);
    }
}
