package dev.ingot.engine.ops;

/// A weight matrix `[out, in]` as a file holds it: what a device packs, and dequantizes if it must.
public sealed interface WeightSource
        permits HostTensor, AffineWeights, Mxfp4Weights, BlockWeights, QuantizedAtLoad {
    /// Where it comes from, for messages.
    String name();

    /// Output features: rows.
    int out();

    /// Input features: columns.
    int in();

    /// Bytes that the weights take as they are stored, or as they would be once quantized.
    long storedBytes();
}
