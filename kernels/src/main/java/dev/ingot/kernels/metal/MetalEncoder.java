package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DeviceBuffer;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.checks.OpCheck;
import dev.ingot.kernels.checks.OpShapes;
import org.jspecify.annotations.Nullable;

/// Checks shapes and turns each op into dispatches; nothing runs here.
///
/// What is in the tensors (token ids, slots, block tables) is checked by the kernels when the step runs.
/// Only a batch's query starts and sequence lengths are read here, to size attention's grid.
final class MetalEncoder implements Encoder {
    private static final int MAX_EXPERTS = MetalMatrixBank.MAX_EXPERTS;

    private final MetalDevice device;
    private final StepOps step;
    private final RowOps rows;
    private final MatmulOps matmuls;
    private final EmbedOps embeddings;
    private final CacheOps caches;
    private final AttentionOps attentions;
    private final ExpertOps experts;
    private final SampleOps samples;

    MetalEncoder(MetalDevice device, ComputePass pass) {
        this.device = device;
        step = new StepOps(device, pass);
        rows = new RowOps(step);
        matmuls = new MatmulOps(step);
        embeddings = new EmbedOps(step);
        caches = new CacheOps(step);
        attentions = new AttentionOps(step);
        experts = new ExpertOps(step, rows);
        samples = new SampleOps(step);
    }

    @Override
    public void embed(Tensor out, Matrix table, Tensor ids) {
        OpCheck check = check("embed");
        MetalMatrix weights = matrix(check, table);
        OpShapes.embed(check, out, table, ids);
        embeddings.embed(out, weights, ids);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, float epsilon) {
        OpShapes.norm(check("rmsNorm"), out, x, weight, null);
        rows.rmsNorm("rmsNorm", out, x, weight, 1, epsilon);
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon) {
        OpShapes.norm(check("layerNorm"), out, x, weight, bias);
        rows.layerNorm(out, x, weight, bias, epsilon);
    }

    @Override
    public void rmsNormHeads(Tensor x, Tensor weight, float epsilon) {
        OpShapes.rmsNormHeads(check("rmsNormHeads"), x, weight);
        rows.rmsNorm("rmsNormHeads", x, x, weight, x.columns() / weight.columns(), epsilon);
    }

    @Override
    public void matmul(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        multiply("matmul", out, x, w, bias, false);
    }

    @Override
    public void matmulAdd(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        multiply("matmulAdd", out, x, w, bias, true);
    }

    private void multiply(
            String op, Tensor out, Tensor x, Matrix w, @Nullable Tensor bias, boolean adds) {
        OpCheck check = check(op);
        MetalMatrix weights = matrix(check, w);
        OpShapes.matmul(check, out, x, w, bias);
        matmuls.multiply(new MatmulOps.Operands(op, out, x, bias, adds, null, 0), weights.slabs());
    }

    @Override
    public void rope(
            Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies, float magnitude) {
        OpShapes.rope(check("rope"), x, headDim, positions, inverseFrequencies);
        rows.rope(x, headDim, positions, inverseFrequencies, magnitude);
    }

    @Override
    public void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping) {
        OpCheck check = check("storeKv");
        MetalKvCache target = cache(check, cache, layer);
        OpShapes.storeKv(check, cache, k, v, slotMapping);
        caches.store(target, layer, k, v, slotMapping);
    }

    @Override
    public void ropeAndStoreKv(
            KvCache cache,
            int layer,
            Tensor qkv,
            Batch batch,
            Tensor inverseFrequencies,
            float magnitude) {
        OpCheck check = check("ropeAndStoreKv");
        MetalKvCache target = cache(check, cache, layer);
        int headDim = target.geometry().headDim();
        OpShapes.ropeAndStoreKv(check, cache, qkv, batch, inverseFrequencies);
        int heads = qkv.columns() / headDim - 2 * target.geometry().kvHeads();
        caches.turnAndStore(target, layer, qkv, heads, batch, inverseFrequencies, magnitude);
    }

    @Override
    public void copyBlocks(KvCache cache, Tensor pairs) {
        OpCheck check = check("copyBlocks");
        MetalKvCache target = cache(check, cache, 0);
        OpShapes.copyBlocks(check, pairs);
        caches.copy(target, pairs);
    }

    @Override
    public void pagedAttention(
            Tensor out, Tensor q, KvCache cache, int layer, Attention attention, Batch batch) {
        OpCheck check = check("pagedAttention");
        MetalKvCache source = cache(check, cache, layer);
        OpShapes.pagedAttention(check, out, q, cache, attention, batch);
        attentions.attend(out, q, source, layer, attention, batch);
    }

    @Override
    public void swiglu(Tensor out, Tensor gateUp) {
        gate("swiglu", Gate.SILU, out, gateUp, 1, 0);
    }

    @Override
    public void clampedSwiglu(Tensor out, Tensor gateUp, float limit, float alpha) {
        gate("clampedSwiglu", Gate.CLAMPED_SILU, out, gateUp, alpha, limit);
    }

    @Override
    public void geglu(Tensor out, Tensor gateUp, Gelu gelu) {
        int function =
                switch (gelu) {
                    case EXACT -> Gate.GELU;
                    case TANH -> Gate.GELU_TANH;
                };
        gate("geglu", function, out, gateUp, 0, 0);
    }

    private void gate(
            String op, int function, Tensor out, Tensor gateUp, float alpha, float limit) {
        OpShapes.gate(check(op), out, gateUp);
        rows.elements(op, "gate", function, out, gateUp, alpha, limit);
    }

    @Override
    public void gelu(Tensor out, Tensor x, Gelu gelu) {
        int function =
                switch (gelu) {
                    case EXACT -> Map.GELU;
                    case TANH -> Map.GELU_TANH;
                };
        map("gelu", function, 0, out, x);
    }

    @Override
    public void relu(Tensor out, Tensor x) {
        map("relu", Map.RELU, 0, out, x);
    }

    @Override
    public void scale(Tensor x, float factor) {
        map("scale", Map.SCALE, factor, x, x);
    }

    @Override
    public void softcap(Tensor x, float cap) {
        if (!(cap > 0)) {
            throw new IllegalArgumentException("softcap: a cap of " + cap);
        }
        map("softcap", Map.SOFTCAP, cap, x, x);
    }

    private void map(String op, int function, float parameter, Tensor out, Tensor x) {
        OpShapes.map(check(op), out, x);
        rows.elements(op, "map", function, out, x, parameter, 0);
    }

    @Override
    public void add(Tensor out, Tensor x) {
        OpShapes.add(check("add"), out, x);
        rows.move("add", out, x, null, true);
    }

    @Override
    public void addRows(Tensor out, Tensor table, Tensor rows) {
        OpShapes.rows(check("addRows"), out, table, "table", rows);
        this.rows.move("addRows", out, table, rows, true);
    }

    @Override
    public void moeRoute(Tensor ids, Tensor weights, Tensor logits, boolean normalized) {
        OpShapes.moeRoute(check("moeRoute"), ids, weights, logits, MAX_EXPERTS);
        experts.route(ids, weights, logits, normalized);
    }

    @Override
    public void moeGroup(ExpertGroups groups, Tensor ids) {
        OpShapes.moeGroup(check("moeGroup"), groups, ids, MAX_EXPERTS);
        experts.group(groups, ids);
    }

    @Override
    public void moeMatmul(
            Tensor out, Tensor x, MatrixBank w, Tensor starts, @Nullable Tensor biases) {
        OpCheck check = check("moeMatmul");
        if (!(w instanceof MetalMatrixBank bank) || bank.owner() != device) {
            throw check.refused("the matrices belong to another device");
        }
        OpShapes.moeMatmul(check, out, x, w, starts, biases);
        matmuls.multiply(
                new MatmulOps.Operands("moeMatmul", out, x, biases, false, starts, bank.count()),
                bank.slabs());
    }

    @Override
    public void moeCombine(Tensor out, Tensor y, Tensor places, Tensor weights) {
        OpShapes.moeCombine(check("moeCombine"), out, y, places, weights);
        experts.combine(out, y, places, weights);
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, Tensor rows) {
        OpShapes.rows(check("gatherRows"), out, x, "x", rows);
        this.rows.move("gatherRows", out, x, rows, false);
    }

    @Override
    public void feedSampled(Tensor ids, Tensor sampled, Tensor rows) {
        OpShapes.feedSampled(check("feedSampled"), ids, sampled, rows);
        this.rows.feedSampled(ids, sampled, rows);
    }

    @Override
    public void argmax(Tensor out, Tensor x) {
        OpShapes.argmax(check("argmax"), out, x);
        rows.argmax(out, x);
    }

    @Override
    public void topK(Tensor ids, Tensor values, Tensor x) {
        OpShapes.topK(check("topK"), ids, values, x);
        rows.topK(ids, values, x);
    }

    @Override
    public void processLogits(Tensor logits, LogitEdits edits) {
        OpShapes.processLogits(check("processLogits"), logits, edits);
        samples.processLogits(logits, edits);
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Tensor draws) {
        OpShapes.sample(check("sample"), tokens, logits, draws);
        samples.sample(tokens, logits, draws);
    }

    @Override
    public void softmaxSums(Tensor sums, Tensor logits) {
        OpShapes.softmaxSums(check("softmaxSums"), sums, logits);
        samples.softmaxSums(sums, logits);
    }

    /// `Map` of elementwise.metal
    private static final class Map {
        static final int RELU = 0;
        static final int GELU = 1;
        static final int GELU_TANH = 2;
        static final int SCALE = 3;
        static final int SOFTCAP = 4;
    }

    /// `Gate` of elementwise.metal
    private static final class Gate {
        static final int SILU = 0;
        static final int GELU = 1;
        static final int GELU_TANH = 2;
        static final int CLAMPED_SILU = 3;
    }

    private OpCheck check(String op) {
        step.pass().requireOpen();
        return new OpCheck(op, this::isOurs);
    }

    private boolean isOurs(DeviceBuffer buffer) {
        return buffer instanceof MetalBuffer ours && ours.owner() == device;
    }

    private MetalMatrix matrix(OpCheck check, Matrix matrix) {
        if (matrix instanceof MetalMatrix ours && ours.owner() == device) {
            return ours;
        }
        throw check.refused("the matrix belongs to another device");
    }

    private MetalKvCache cache(OpCheck check, KvCache cache, int layer) {
        if (!(cache instanceof MetalKvCache ours) || ours.owner() != device) {
            throw check.refused("the KV cache belongs to another device");
        }
        if (layer < 0 || layer >= ours.geometry().layers()) {
            throw check.refused("layer " + layer + " of " + ours.geometry().layers());
        }
        return ours;
    }
}
