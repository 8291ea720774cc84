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
    /// Most values a row that [#topK] lists.
    int MAX_TOP_K = 64;

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

    /// Layer norm (Ba et al. 2016): `out = (x − mean(x)) / √(variance(x) + ε) · weight (+ bias)`.
    ///
    /// @param out `[tokens, n]`; may be `x`
    /// @param x `[tokens, n]`
    /// @param weight `[1, n]`
    /// @param bias `[1, n]`, or null for none
    void layerNorm(Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon);

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
    /// (`x[i]` with `x[i + r/2]`), as Hugging Face stores weights.
    ///
    /// With `r = 2 · inverseFrequencies.columns` and `θ = positions[t] · inverseFrequencies[i]`:
    /// `x[i] ← m·(x[i]·cos θ − x[i+r/2]·sin θ)`, `x[i+r/2] ← m·(x[i+r/2]·cos θ + x[i]·sin θ)`. The
    /// elements of a head from `r` on stay as they are, magnitude included.
    ///
    /// @param x `[tokens, heads · headDim]`
    /// @param positions `[tokens, 1]` I32
    /// @param inverseFrequencies `[1, r / 2]` with `r ≤ headDim`: scaling variants differ only in this
    ///     table and in the magnitude
    /// @param magnitude `m`: what the rotated elements are multiplied by; 1 unless the scaling says so
    void rope(Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies, float magnitude);

    /// [#rope] that leaves lengths as they are.
    default void rope(Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies) {
        rope(x, headDim, positions, inverseFrequencies, 1);
    }

    /// Writes K and V of this step's tokens to their slots.
    ///
    /// @param layer which layer's cache
    /// @param k `[tokens, kvHeads · headDim]`, rotated already
    /// @param v `[tokens, kvHeads · headDim]`
    /// @param slotMapping `[tokens, 1]` I32
    void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping);

    /// [#rope] of q and k, then [#storeKv]: all that lies between a layer's projection and its attention.
    ///
    /// @param layer which layer's cache
    /// @param qkv `[tokens, (heads + 2 · kvHeads) · headDim]`: q, k and v beside each other; q and k are turned in place
    /// @param batch this step's positions and slots
    /// @param inverseFrequencies as [#rope] has them, with the magnitude
    default void ropeAndStoreKv(
            KvCache cache,
            int layer,
            Tensor qkv,
            Batch batch,
            Tensor inverseFrequencies,
            float magnitude) {
        int headDim = cache.geometry().headDim();
        int keys = cache.geometry().kvHeads() * headDim;
        int turned = qkv.columns() - keys;
        Tensor qk = qkv.columns(0, turned);
        rope(qk, headDim, batch.positions(), inverseFrequencies, magnitude);
        Tensor k = qkv.columns(turned - keys, keys);
        storeKv(cache, layer, k, qkv.columns(turned, keys), batch.slotMapping());
    }

    /// Copies whole blocks, K and V of all layers, bit for bit: a sequence that shares a block with others gets its
    /// own before it writes to it.
    ///
    /// @param pairs `[count, 2]` I32: the source block, the target block. No block is the target of two pairs, or the
    ///     target of one and the source of another: the order of the pairs means nothing
    void copyBlocks(KvCache cache, Tensor pairs);

    /// Causal attention over the paged cache, for prefill chunks and decode alike: the token at absolute
    /// position `p` attends to the positions `0 … p` of its own sequence, itself included, or to the
    /// last of them where there is a window.
    ///
    /// Query heads are grouped: head `h` reads key/value head `h / (heads / kvHeads)`.
    ///
    /// @param out `[tokens, heads · headDim]`
    /// @param q `[tokens, heads · headDim]`, rotated already
    /// @param attention scale, window, soft cap and sinks
    /// @param batch this step's positions, query starts, sequence lengths and block tables
    void pagedAttention(
            Tensor out, Tensor q, KvCache cache, int layer, Attention attention, Batch batch);

    /// [#pagedAttention] to everything before, without soft cap and sinks.
    ///
    /// @param scale usually `1/√headDim`
    default void pagedAttention(
            Tensor out, Tensor q, KvCache cache, int layer, float scale, Batch batch) {
        pagedAttention(out, q, cache, layer, Attention.scaled(scale), batch);
    }

    /// Gated SiLU (Shazeer 2020): `out = silu(gate) · up`.
    ///
    /// @param out `[tokens, n]`
    /// @param gateUp `[tokens, 2n]`: the gate, then what it gates
    void swiglu(Tensor out, Tensor gateUp);

    /// [#matmul], then [#swiglu]: all that a gated feed-forward layer does before its projection back.
    ///
    /// @param out `[tokens, n]`
    /// @param x `[tokens, w.in]`
    /// @param w the gate's `n` rows, then as many of what it gates
    /// @param bias `[1, 2n]`, or null for none
    /// @param between `[tokens, 2n]`, for what lies between the two; whether anything is written there is the device's
    ///     affair
    default void matmulSwiglu(
            Tensor out, Tensor x, Matrix w, @Nullable Tensor bias, Tensor between) {
        matmul(between, x, w, bias);
        swiglu(out, between);
    }

    /// Gated SiLU as gpt-oss has it: `g = min(gate, limit)`, `u = clamp(up, −limit, limit)`,
    /// `out = g · sigmoid(α·g) · (u + 1)`.
    ///
    /// @param out `[tokens, n]`
    /// @param gateUp `[tokens, 2n]`: the gate, then what it gates
    void clampedSwiglu(Tensor out, Tensor gateUp, float limit, float alpha);

    /// Gated GELU (Shazeer 2020): `out = gelu(gate) · up`.
    ///
    /// @param out `[tokens, n]`
    /// @param gateUp `[tokens, 2n]`: the gate, then what it gates
    void geglu(Tensor out, Tensor gateUp, Gelu gelu);

    /// `out = gelu(x)`, element by element.
    ///
    /// @param out `[tokens, n]`; may be `x`
    /// @param x `[tokens, n]`
    void gelu(Tensor out, Tensor x, Gelu gelu);

    /// `out = max(x, 0)`, element by element.
    ///
    /// @param out `[tokens, n]`; may be `x`
    /// @param x `[tokens, n]`
    void relu(Tensor out, Tensor x);

    /// `out += x`.
    ///
    /// @param out `[tokens, n]`, read and written
    /// @param x `[tokens, n]`; not `out`
    void add(Tensor out, Tensor x);

    /// `x ← factor · x`.
    ///
    /// @param x `[tokens, n]`
    void scale(Tensor x, float factor);

    /// `x ← cap · tanh(x / cap)`: keeps every element between `−cap` and `cap`.
    ///
    /// @param x `[tokens, n]`
    /// @param cap positive
    void softcap(Tensor x, float cap);

    /// Adds chosen rows: `out[t] += table[rows[t]]` (learned position embeddings).
    ///
    /// @param out `[tokens, n]`, read and written
    /// @param table `[count, n]`; not `out`
    /// @param rows `[tokens, 1]` I32, each in `[0, count)`
    void addRows(Tensor out, Tensor table, Tensor rows);

    /// Chooses each token's experts: those with the `k` largest logits, the lower id before the higher
    /// where two are equal. The chosen ones are written by ascending id, and that is the order in which
    /// [#moeCombine] adds them up.
    ///
    /// @param ids `[tokens, k]` I32
    /// @param weights `[tokens, k]`: the softmax of the logits, over the chosen ones if `normalized`,
    ///     else over all
    /// @param logits `[tokens, experts]`
    /// @param normalized the weights of a token add up to 1. Softmax first and normalization after, and
    ///     softmax of the chosen only, are this same thing.
    void moeRoute(Tensor ids, Tensor weights, Tensor logits, boolean normalized);

    /// Sorts the (token, expert) pairs by expert, and by token within one, so that each expert's rows
    /// lie together.
    ///
    /// @param groups where it is written
    /// @param ids `[tokens, k]` I32, as [#moeRoute] wrote them
    void moeGroup(ExpertGroups groups, Tensor ids);

    /// [#matmul] of each expert's rows with that expert's matrix.
    ///
    /// @param out `[pairs, w.out]`
    /// @param x `[pairs, w.in]`, grouped by expert
    /// @param starts `[experts + 1, 1]` I32: expert `e` has the rows from `starts[e]` to `starts[e + 1]`
    /// @param biases `[experts, w.out]`, or null for none
    void moeMatmul(Tensor out, Tensor x, MatrixBank w, Tensor starts, @Nullable Tensor biases);

    /// Adds what the experts found: `out[t] += Σⱼ weights[t, j] · y[places[t, j]]`, `j` ascending.
    ///
    /// @param out `[tokens, n]`, read and written
    /// @param y `[pairs, n]`; not `out`
    /// @param places `[tokens, k]` I32: the row of `y` of each of a token's experts
    /// @param weights `[tokens, k]`
    void moeCombine(Tensor out, Tensor y, Tensor places, Tensor weights);

    /// Copies chosen rows: `out[i] = x[rows[i]]`.
    ///
    /// @param out `[count, n]`; not `x`
    /// @param rows `[count, 1]` I32
    void gatherRows(Tensor out, Tensor x, Tensor rows);

    /// Fills in the tokens that an earlier step samples: `ids[t] = max(sampled[rows[t]], 0)` where `rows[t] ≥ 0`. Where
    /// it is less, the token was known and stays; −1 among the sampled is a broken row, whose sequence takes any token.
    ///
    /// @param ids `[tokens, 1]` I32, read and written
    /// @param sampled `[n, 1]` I32
    /// @param rows `[tokens, 1]` I32, each less than `n`
    void feedSampled(Tensor ids, Tensor sampled, Tensor rows);

    /// The index of each row's largest value, the lowest one where two are equal: the token of a step that draws nothing.
    /// A row that holds a NaN or +∞, or nothing but −∞, has −1, so that a broken one is never mistaken for a token.
    ///
    /// @param out `[rows, 1]` I32
    /// @param x `[rows, n]`
    void argmax(Tensor out, Tensor x);

    /// The `k = ids.columns` largest values of each row, the largest first and the lower index before the
    /// higher where two are equal: the alternatives that a request for log probabilities is told.
    ///
    /// −∞ is never listed; where fewer are left, the id is −1 and the value −∞. A row that holds a NaN or
    /// +∞ has −1 and NaN everywhere.
    ///
    /// @param ids `[rows, k]` I32, `k ≤ MAX_TOP_K`
    /// @param values `[rows, k]`
    /// @param x `[rows, n]`
    void topK(Tensor ids, Tensor values, Tensor x);

    /// Applies a step's logits processors: each entry's logit becomes [LogitEdits#edited].
    ///
    /// @param logits `[rows, vocabulary]`, changed in place
    /// @param edits of as many rows
    void processLogits(Tensor logits, LogitEdits edits);

    /// Chooses each row's next token; the same token on every device, bit for bit.
    ///
    /// 1. The likeliest, and the lower index of two that are equal, where a row's `scale` is 0. Otherwise
    /// 2. tokens have [weights][SoftmaxWeight], and only those within `reach` of the likeliest are left;
    /// 3. of these the `topK` that rank highest: by logit, −0 equal to 0, the lower index before the higher where two are equal;
    /// 4. of these the shortest run of highest ranks that weighs at least [SoftmaxWeight#partOf] all, `topP` of it;
    /// 5. of these the first, in index order, up to which they weigh more than [SoftmaxWeight#drawn] of them together.
    ///
    /// A row that holds a NaN or +∞, or nothing but −∞, has −1.
    ///
    /// @param tokens `[rows, 1]` I32
    /// @param logits `[rows, vocabulary]`, of at most [SoftmaxWeight#MAX_COUNT] tokens
    /// @param draws `[rows, Draw.COLUMNS]` I32: a [Draw] for each row
    void sample(Tensor tokens, Tensor logits, Tensor draws);

    /// What [SoftmaxWeight#logSum] takes of each row, the same on every device: for log probabilities.
    ///
    /// A row that holds a NaN or +∞, or nothing but −∞, has the sum 0.
    ///
    /// @param sums `[rows, 3]` I32: the bits of the largest logit (undefined where the sum is 0); the lower half of the
    ///     sum of the row's weights at temperature 1, and the upper one
    /// @param logits `[rows, vocabulary]`, of at most [SoftmaxWeight#MAX_COUNT] tokens
    void softmaxSums(Tensor sums, Tensor logits);
}
