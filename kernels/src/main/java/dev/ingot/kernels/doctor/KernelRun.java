package dev.ingot.kernels.doctor;

import dev.ingot.engine.ops.CommandBuffer;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// What a [KernelCase] gave on a device.
///
/// @param values of all outputs
/// @param nanos from commit to completion, the shortest of a few
@SuppressWarnings("ArrayRecordComponent") // compared by content below
public record KernelRun(float[] values, long nanos) {
    private static final int REPETITIONS = 3;
    private static final long PATIENCE_SECONDS = 60;

    /// Runs a case, on the thread that the device belongs to.
    ///
    /// @param setup its subject or its reference
    /// @throws DeviceException if the device fails it
    public static KernelRun of(KernelCase.Setup setup, Device device) {
        float[] values = {};
        long best = Long.MAX_VALUE;
        var prepared = setup.on(device);
        for (int i = 0; i < REPETITIONS; i++) {
            // Ops that add to what is there start from the same every time.
            List<byte[]> before =
                    prepared.outputs().stream()
                            .map(output -> output.contents().toArray(ValueLayout.JAVA_BYTE))
                            .toList();
            var commands = device.commandBuffer();
            prepared.ops().accept(commands.encoder());
            var end = new Ending();
            long start = System.nanoTime();
            commands.commit(end);
            end.await();
            best = Math.min(best, System.nanoTime() - start);
            values = floats(prepared.outputs());
            for (int j = 0; j < before.size(); j++) {
                prepared.outputs().get(j).contents().copyFrom(MemorySegment.ofArray(before.get(j)));
            }
        }
        return new KernelRun(values, best);
    }

    /// The largest difference, in shares of the reference's largest value; infinite where either is no number.
    public double errorAgainst(KernelRun reference) {
        double largest = 1e-30;
        double error = 0;
        if (values.length != reference.values.length) {
            return Double.POSITIVE_INFINITY;
        }
        for (int i = 0; i < values.length; i++) {
            double difference = Math.abs((double) values[i] - reference.values[i]);
            if (Double.isNaN(difference)) {
                return Double.POSITIVE_INFINITY;
            }
            error = Math.max(error, difference);
            largest = Math.max(largest, Math.abs(reference.values[i]));
        }
        return error / largest;
    }

    private static float[] floats(List<Tensor> outputs) {
        int count = outputs.stream().mapToInt(output -> output.rows() * output.columns()).sum();
        float[] values = new float[count];
        int at = 0;
        for (Tensor output : outputs) {
            var contents = output.contents();
            for (int row = 0; row < output.rows(); row++) {
                for (int column = 0; column < output.columns(); column++) {
                    long index = (long) row * output.rowStride() + column;
                    values[at++] =
                            output.dtype() == DType.I32
                                    ? contents.getAtIndex(ValueLayout.JAVA_INT, index)
                                    : contents.getAtIndex(ValueLayout.JAVA_FLOAT, index);
                }
            }
        }
        return values;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof KernelRun run
                && nanos == run.nanos
                && Arrays.equals(values, run.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values) * 31 + Long.hashCode(nanos);
    }

    @Override
    public String toString() {
        return values.length + " values in " + nanos + " ns";
    }

    private static final class Ending implements CommandBuffer.Completion {
        private final CompletableFuture<Void> end = new CompletableFuture<>();

        @Override
        public void completed() {
            end.complete(null);
        }

        @Override
        public void failed(DeviceException cause) {
            end.completeExceptionally(cause);
        }

        void await() {
            try {
                end.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof DeviceException failure) {
                    throw failure;
                }
                if (e.getCause() instanceof TimeoutException) {
                    throw new DeviceException(
                            DeviceException.Kind.TIMEOUT,
                            "not done after " + PATIENCE_SECONDS + " s",
                            e);
                }
                throw e;
            }
        }
    }
}
