package dev.ingot.engine.ops;

/// How the Gaussian error linear unit (Hendrycks & Gimpel 2016) is computed.
public enum Gelu {
    /// As it is defined: `x · Φ(x) = x/2 · (1 + erf(x/√2))`.
    EXACT,
    /// By the approximation `x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`, which is what GPT-2's
    /// `gelu_new` and Gemma's `gelu_pytorch_tanh` are.
    TANH
}
