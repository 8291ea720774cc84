package dev.ingot.engine.ops;

import org.jspecify.annotations.Nullable;

/// Records the operations of a step into a [CommandBuffer], in order.
///
/// - An op sees the results of every op recorded before it.
/// - Activations are `F32`, row per token; `out` may be the same tensor as `x` only where the op says so.
/// - **Batch invariance**: the value of an output row depends on that row's inputs, the weights'
///   shape and absolute positions only; never on how many other rows there are, on how a prompt was
///   cut into chunks, or on the number of threads.
/// - A shape that does not fit is an [IllegalArgumentException] at record time, before anything runs.
public interface Encoder {
    /// Looks up embedding rows: `out[t] = table[ids[t]]`.
    ///
    /// @param out `[tokens, hidden]`
    /// @param table `[vocabulary, hidden]`
    /// @param ids `[tokens, 1]` I32, each in `[0, vocabulary)`
    void embed(Tensor out, Matrix table, Tensor ids);

    /// Root mean square norm (Zhang & Sennrich 2019): `out = x / √(mean(x²) + ε) · weight`.
    ///
    /// @param out `[tokens, n]`; may be `x`
    /// @param x `[tokens, n]`
    /// @param weight `[1, n]`
    void rmsNorm(Tensor out, Tensor x, Tensor weight, float epsilon);

    /// [#rmsNorm] of each head on its own, in place (QK-norm).
    ///
    /// @param x `[tokens, heads · headDim]`
    /// @param weight `[1, headDim]`
    void rmsNormHeads(Tensor x, Tensor weight, float epsilon);

    /// `out = x · wᵀ (+ bias)`.
    ///
    /// @param out `[tokens, w.out]`
    /// @param x `[tokens, w.in]`
    /// @param bias `[1, w.out]`, or null for none
    void matmul(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias);

    /// `out += x · wᵀ (+ bias)`: a projection back into the residual stream.
    ///
    /// @param out `[tokens, w.out]`, read and written
    /// @param x `[tokens, w.in]`; not `out`
    /// @param bias `[1, w.out]`, or null for none
    void matmulAdd(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias);

    /// Rotary position embedding (Su et al. 2021) in place, halves rotated against each other
    /// (`x[i]` with `x[i + headDim/2]`), as Hugging Face stores Llama and Qwen weights.
    ///
    /// With `θ = positions[t] · inverseFrequencies[i]`:
    /// `x[i] ← x[i]·cos θ − x[i+d/2]·sin θ`, `x[i+d/2] ← x[i+d/2]·cos θ + x[i]·sin θ`.
    ///
    /// @param x `[tokens, heads · headDim]`
    /// @param positions `[tokens, 1]` I32
    /// @param inverseFrequencies `[1, headDim / 2]`: scaling variants differ only in this table
    void rope(Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies);

    /// Writes K and V of this step's tokens to their slots.
    ///
    /// @param layer which layer's cache
    /// @param k `[tokens, kvHeads · headDim]`, rotated already
    /// @param v `[tokens, kvHeads · headDim]`
    /// @param slotMapping `[tokens, 1]` I32
    void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping);

    /// Causal attention over the paged cache, for prefill chunks and decode alike: the token at absolute
    /// position `p` attends to the positions `0 … p` of its own sequence, itself included.
    ///
    /// Query heads are grouped: head `h` reads key/value head `h / (heads / kvHeads)`.
    ///
    /// @param out `[tokens, heads · headDim]`
    /// @param q `[tokens, heads · headDim]`, rotated already
    /// @param scale usually `1/√headDim`
    /// @param batch this step's positions, query starts, sequence lengths and block tables
    void pagedAttention(Tensor out, Tensor q, KvCache cache, int layer, float scale, Batch batch);

    /// Gated SiLU (Shazeer 2020): `out = silu(gate) · up`.
    ///
    /// @param out `[tokens, n]`
    /// @param gateUp `[tokens, 2n]`: the gate, then what it gates
    void swiglu(Tensor out, Tensor gateUp);

    /// Copies chosen rows: `out[i] = x[rows[i]]`.
    ///
    /// @param out `[count, n]`; not `x`
    /// @param rows `[count, 1]` I32
    void gatherRows(Tensor out, Tensor x, Tensor rows);

    /// The index of each row's largest value; the lowest index wins a tie; −1 where the row holds a
    /// NaN or an infinity, so that a broken row is never mistaken for a token.
    ///
    /// @param out `[rows, 1]` I32
    /// @param x `[rows, n]`
    void argmax(Tensor out, Tensor x);
}
