package dev.ingot.engine.ops;

import java.util.List;

/// A place that computes: a Metal GPU, or the CPU's cores.
///
/// - Owned by the worker and used from its thread only.
/// - Everything is allocated at load; the step path allocates nothing.
/// - [#close] frees all of it. A command buffer that still runs is waited for, but not for ever.
public interface Device extends AutoCloseable {
    /// What this device is.
    DeviceInfo info();

    /// Memory that could be had now; what others hold is not in it.
    default long availableBytes() {
        return info().workingSetBytes();
    }

    /// Zero-filled memory.
    ///
    /// @param label names the memory in errors and in the memory report
    /// @throws DeviceException of kind `OUT_OF_MEMORY`
    DeviceBuffer allocate(String label, long bytes);

    /// Makes a weight matrix ready to multiply with.
    ///
    /// @param label names the matrix in errors
    /// @param rowParts matrices `[outᵢ, in]`, stacked by rows: fused projections (q, k, v or gate, up) are
    ///     stored apart in most checkpoints. All in full and of one dtype, or all quantized, not
    ///     necessarily alike
    /// @throws IllegalArgumentException if the parts do not stack
    Matrix matrix(String label, List<? extends WeightSource> rowParts);

    /// Bytes that [#matrix] of these parts would take here. The parts' weights are not read.
    ///
    /// @throws IllegalArgumentException if the parts do not stack
    default long matrixBytes(List<? extends WeightSource> rowParts) {
        return rowParts.stream().mapToLong(WeightSource::storedBytes).sum();
    }

    /// Puts the matrices of a layer's experts side by side, in the order of their ids.
    ///
    /// @param label names the bank in errors
    /// @throws IllegalArgumentException if they differ in shape or dtype, or there are none
    MatrixBank bank(String label, List<Matrix> matrices);

    /// Small weights as `F32`: norms, biases, frequency tables.
    ///
    /// @return `[1, values.length]`
    Tensor vector(String label, float[] values);

    /// The KV cache; its contents are undefined until written.
    ///
    /// @throws DeviceException of kind `OUT_OF_MEMORY`
    KvCache kvCache(KvGeometry geometry);

    /// Starts to record a step. One command buffer is open at a time: what the one before recorded and did not
    /// commit is discarded.
    ///
    /// @throws DeviceException of kind `DEVICE_LOST` if the device does not recover from an earlier error
    CommandBuffer commandBuffer();

    @Override
    void close();
}
