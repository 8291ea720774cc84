package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Tensor;

/// What flows through a step of a transformer: one tensor per stage, reused by every
/// layer. All `F32`.
///
/// @param residual `[tokens, hidden]` the residual stream
/// @param normed `[tokens, hidden]` what a projection reads
/// @param qkv `[tokens, (heads + 2·kvHeads)·headDim]`
/// @param attended `[tokens, heads·headDim]`
/// @param gateUp `[tokens, 2·intermediate]` gate and up; `[tokens, intermediate]` where the MLP has no gate
/// @param gated `[tokens, intermediate]` what the MLP projects back
/// @param last `[logitRows, hidden]` the rows that the output head reads
record Activations(
        Tensor residual,
        Tensor normed,
        Tensor qkv,
        Tensor attended,
        Tensor gateUp,
        Tensor gated,
        Tensor last) {
    /// At the limits.
    static Activations allocate(Device device, ModelConfig config, StepLimits limits) {
        int tokens = limits.maxTokens();
        return new Activations(
                rows(device, "residual", tokens, config.hidden()),
                rows(device, "normed", tokens, config.hidden()),
                rows(device, "qkv", tokens, config.queryColumns() + 2 * config.kvColumns()),
                rows(device, "attended", tokens, config.queryColumns()),
                rows(device, "gateUp", tokens, gateUpColumns(config)),
                rows(device, "gated", tokens, config.intermediate()),
                rows(device, "last", limits.maxLogitRows(), config.hidden()));
    }

    /// What [#allocate] takes.
    static long bytes(ModelConfig config, StepLimits limits) {
        long perToken =
                2L * stride(config.hidden()) // residual, normed
                        + stride(config.queryColumns() + 2 * config.kvColumns()) // qkv
                        + stride(config.queryColumns()) // attended
                        + stride(gateUpColumns(config))
                        + stride(config.intermediate()); // gated
        return DType.F32.bytes(
                Math.addExact(
                        Math.multiplyExact(perToken, (long) limits.maxTokens()),
                        (long) stride(config.hidden()) * limits.maxLogitRows()));
    }

    private static int gateUpColumns(ModelConfig config) {
        return switch (config.architecture()) {
            case GPT2, OPT, PHI -> config.intermediate();
            case GEMMA2,
                    GEMMA3,
                    GPT_OSS,
                    LLAMA,
                    MISTRAL,
                    MIXTRAL,
                    OLMO2,
                    PHI3,
                    QWEN2,
                    QWEN3,
                    QWEN3_MOE ->
                    2 * config.intermediate();
        };
    }

    /// The views of a step of so many tokens.
    Activations firstRows(int tokens, int logitRows) {
        return new Activations(
                residual.firstRows(tokens),
                normed.firstRows(tokens),
                qkv.firstRows(tokens),
                attended.firstRows(tokens),
                gateUp.firstRows(tokens),
                gated.firstRows(tokens),
                last.firstRows(logitRows));
    }

    private static Tensor rows(Device device, String label, int rows, int columns) {
        return Tensor.allocate(device, label, DType.F32, rows, stride(columns)).columns(0, columns);
    }

    /// From a row to the next: no multiple of 4 KiB, which would put the rows that a product reads side by side
    /// into the same few lines of a CPU's first-level cache.
    private static int stride(int columns) {
        return columns % 1024 == 0 ? columns + 16 : columns;
    }
}
