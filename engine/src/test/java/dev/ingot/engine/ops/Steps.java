package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Puts values on a device, runs a step there and reads the values back: the shorthand of op tests.
public final class Steps {
    private Steps() {}

    /// A dense `F32` tensor with these rows.
    public static Tensor floats(Device device, float[]... rows) {
        var tensor = Tensor.allocate(device, "test", DType.F32, rows.length, rows[0].length);
        for (int r = 0; r < rows.length; r++) {
            MemorySegment.copy(
                    rows[r],
                    0,
                    tensor.contents(),
                    ValueLayout.JAVA_FLOAT_UNALIGNED,
                    (long) Float.BYTES * r * tensor.rowStride(),
                    tensor.columns());
        }
        return tensor;
    }

    /// A dense `I32` tensor with these rows, all of one length.
    public static Tensor ints(Device device, int[]... rows) {
        var tensor = Tensor.allocate(device, "test", DType.I32, rows.length, rows[0].length);
        for (int r = 0; r < rows.length; r++) {
            MemorySegment.copy(
                    rows[r],
                    0,
                    tensor.contents(),
                    ValueLayout.JAVA_INT_UNALIGNED,
                    (long) Integer.BYTES * r * tensor.rowStride(),
                    tensor.columns());
        }
        return tensor;
    }

    /// An `I32` column `[values.length, 1]`; no values make a column without rows.
    public static Tensor column(Device device, int... values) {
        var tensor = Tensor.allocate(device, "test", DType.I32, Math.max(values.length, 1), 1);
        MemorySegment.copy(
                values, 0, tensor.contents(), ValueLayout.JAVA_INT_UNALIGNED, 0, values.length);
        return tensor.firstRows(values.length);
    }

    /// Row `row` of an `F32` tensor.
    public static float[] row(Tensor tensor, int row) {
        float[] values = new float[tensor.columns()];
        MemorySegment.copy(
                tensor.contents(),
                ValueLayout.JAVA_FLOAT_UNALIGNED,
                (long) Float.BYTES * row * tensor.rowStride(),
                values,
                0,
                values.length);
        return values;
    }

    /// Element `[row, 0]` of an `I32` tensor.
    public static int intAt(Tensor tensor, int row) {
        return tensor.contents()
                .get(
                        ValueLayout.JAVA_INT_UNALIGNED,
                        (long) Integer.BYTES * row * tensor.rowStride());
    }

    /// Records, commits, waits, and throws what the device reports. For devices that are done when
    /// [CommandBuffer#commit] returns and for those that are not.
    public static void run(Device device, Consumer<Encoder> step) {
        var buffer = device.commandBuffer();
        step.accept(buffer.encoder());
        var outcome = new Outcome();
        buffer.commit(outcome);
        outcome.await();
    }

    private static final class Outcome implements CommandBuffer.Completion {
        private boolean done;
        private @Nullable DeviceException cause;

        @Override
        public synchronized void completed() {
            done = true;
            notifyAll();
        }

        @Override
        public synchronized void failed(DeviceException cause) {
            this.cause = cause;
            done = true;
            notifyAll();
        }

        synchronized void await() {
            try {
                while (!done) {
                    wait();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while a step ran", e);
            }
            if (cause != null) {
                throw cause;
            }
        }
    }
}
