package dev.ingot.engine.ops;

/// A weight matrix `[out, in]` in whatever layout its device multiplies fastest.
///
/// Made by [Device#matrix]; opaque, because packing, quantization and residency are the device's
/// business. The same matrix serves [Encoder#matmul] and [Encoder#embed] (tied embeddings).
public interface Matrix {
    /// Output features: rows of the stored matrix.
    int out();

    /// Input features: columns of the stored matrix.
    int in();

    /// Memory that it takes on its device.
    long bytes();
}
