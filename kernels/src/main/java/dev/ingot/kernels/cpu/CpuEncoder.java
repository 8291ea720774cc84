package dev.ingot.kernels.cpu;

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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Checks shapes and writes one op descriptor per call; nothing runs here.
///
/// What is in the tensors (token ids, slots, block tables) is checked by the kernels when the step runs.
final class CpuEncoder implements Encoder {
    /// `INGOT_SWIGLU_MULTIPLE`: what divides the columns of a gate that is fused with its product.
    private static final int SWIGLU_MULTIPLE = 64;

    private final CpuDevice device;
    private final CpuCommandBuffer buffer;
    private final OpList ops;
    private final Predicate<DeviceBuffer> isOurs;

    CpuEncoder(CpuDevice device, CpuCommandBuffer buffer, OpList ops) {
        this.device = device;
        this.buffer = buffer;
        this.ops = ops;
        isOurs = b -> b instanceof CpuBuffer ours && ours.owner() == device;
    }

    @Override
    public void embed(Tensor out, Matrix table, Tensor ids) {
        OpCheck check = check("embed");
        CpuMatrix weights = matrix(check, table);
        OpShapes.embed(check, out, table, ids);
        ops.add(OpCode.EMBED).matrix(weights).tensor(0, out).tensor(1, ids);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, float epsilon) {
        OpShapes.norm(check("rmsNorm"), out, x, weight, null);
        ops.add(OpCode.RMS_NORM)
                .scalar(epsilon)
                .count(1)
                .tensor(0, out)
                .tensor(1, x)
                .tensor(2, weight);
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon) {
        OpShapes.norm(check("layerNorm"), out, x, weight, bias);
        ops.add(OpCode.LAYER_NORM).scalar(epsilon).tensor(0, out).tensor(1, x).tensor(2, weight);
        if (bias != null) {
            ops.tensor(3, bias);
        }
    }

    @Override
    public void rmsNormHeads(Tensor x, Tensor weight, float epsilon) {
        OpShapes.rmsNormHeads(check("rmsNormHeads"), x, weight);
        ops.add(OpCode.RMS_NORM)
                .scalar(epsilon)
                .count(x.columns() / weight.columns())
                .tensor(0, x)
                .tensor(1, x)
                .tensor(2, weight);
    }

    @Override
    public void matmul(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        multiply("matmul", OpCode.MATMUL, out, x, w, bias);
    }

    @Override
    public void matmulAdd(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        multiply("matmulAdd", OpCode.MATMUL_ADD, out, x, w, bias);
    }

    private void multiply(
            String name, OpCode code, Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        OpCheck check = check(name);
        CpuMatrix weights = matrix(check, w);
        OpShapes.matmul(check, out, x, w, bias);
        ops.add(code).matrix(weights).tensor(0, out).tensor(1, x);
        if (bias != null) {
            ops.tensor(2, bias);
        }
    }

    @Override
    public void rope(
            Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies, float magnitude) {
        OpShapes.rope(check("rope"), x, headDim, positions, inverseFrequencies);
        ops.add(OpCode.ROPE)
                .count(headDim)
                .scalar(magnitude)
                .tensor(0, x)
                .tensor(1, positions)
                .tensor(2, inverseFrequencies);
    }

    @Override
    public void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping) {
        OpCheck check = check("storeKv");
        CpuKvCache target = cache(check, cache, layer);
        OpShapes.storeKv(check, cache, k, v, slotMapping);
        ops.add(OpCode.STORE_KV)
                .cache(target, layer)
                .tensor(0, k)
                .tensor(1, v)
                .tensor(2, slotMapping);
    }

    @Override
    public void copyBlocks(KvCache cache, Tensor pairs) {
        OpCheck check = check("copyBlocks");
        CpuKvCache target = cache(check, cache, 0);
        OpShapes.copyBlocks(check, pairs);
        ops.add(OpCode.COPY_BLOCKS)
                .cache(target, 0)
                .count(target.geometry().layers())
                .tensor(0, pairs);
    }

    @Override
    public void pagedAttention(
            Tensor out, Tensor q, KvCache cache, int layer, Attention attention, Batch batch) {
        OpCheck check = check("pagedAttention");
        CpuKvCache source = cache(check, cache, layer);
        OpShapes.pagedAttention(check, out, q, cache, attention, batch);
        Tensor sinks = attention.sinks();
        ops.add(OpCode.ATTENTION)
                .cache(source, layer)
                .scalar(attention.scale())
                .count(attention.window())
                .limit(attention.softcap())
                .tensor(0, out)
                .tensor(1, q)
                .tensor(2, batch.positions())
                .tensor(3, batch.queryStarts())
                .tensor(4, batch.sequenceLengths())
                .tensor(5, batch.blockTables());
        if (sinks != null) {
            ops.tensor(6, sinks);
        }
    }

    @Override
    public void swiglu(Tensor out, Tensor gateUp) {
        OpShapes.gate(check("swiglu"), out, gateUp);
        ops.add(OpCode.SWIGLU).tensor(0, out).tensor(1, gateUp);
    }

    @Override
    public void matmulSwiglu(
            Tensor out, Tensor x, Matrix w, @Nullable Tensor bias, Tensor between) {
        OpCheck check = check("matmulSwiglu");
        CpuMatrix weights = matrix(check, w);
        OpShapes.matmulSwiglu(check, out, x, w, bias, between);
        if (out.columns() % SWIGLU_MULTIPLE != 0) {
            Encoder.super.matmulSwiglu(out, x, w, bias, between);
            return;
        }
        ops.add(OpCode.MATMUL_SWIGLU).matrix(weights).tensor(0, out).tensor(1, x);
        if (bias != null) {
            ops.tensor(2, bias);
        }
    }

    @Override
    public void clampedSwiglu(Tensor out, Tensor gateUp, float limit, float alpha) {
        gate("clampedSwiglu", Gate.CLAMPED_SILU, out, gateUp);
        ops.scalar(alpha).limit(limit);
    }

    @Override
    public void geglu(Tensor out, Tensor gateUp, Gelu gelu) {
        int function =
                switch (gelu) {
                    case EXACT -> Gate.GELU;
                    case TANH -> Gate.GELU_TANH;
                };
        gate("geglu", function, out, gateUp);
    }

    private void gate(String name, int function, Tensor out, Tensor gateUp) {
        OpShapes.gate(check(name), out, gateUp);
        ops.add(OpCode.GATE).count(function).tensor(0, out).tensor(1, gateUp);
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

    private void map(String name, int function, float parameter, Tensor out, Tensor x) {
        OpShapes.map(check(name), out, x);
        ops.add(OpCode.MAP).count(function).scalar(parameter).tensor(0, out).tensor(1, x);
    }

    @Override
    public void add(Tensor out, Tensor x) {
        OpShapes.add(check("add"), out, x);
        ops.add(OpCode.ADD).tensor(0, out).tensor(1, x);
    }

    @Override
    public void addRows(Tensor out, Tensor table, Tensor rows) {
        OpShapes.rows(check("addRows"), out, table, "table", rows);
        ops.add(OpCode.ADD_ROWS).tensor(0, out).tensor(1, table).tensor(2, rows);
    }

    @Override
    public void moeRoute(Tensor ids, Tensor weights, Tensor logits, boolean normalized) {
        OpShapes.moeRoute(check("moeRoute"), ids, weights, logits, CpuDevice.MAX_EXPERTS);
        ops.add(OpCode.MOE_ROUTE)
                .count(normalized ? 1 : 0)
                .tensor(0, ids)
                .tensor(1, weights)
                .tensor(2, logits);
    }

    @Override
    public void moeGroup(ExpertGroups groups, Tensor ids) {
        OpShapes.moeGroup(check("moeGroup"), groups, ids, CpuDevice.MAX_EXPERTS);
        ops.add(OpCode.MOE_GROUP)
                .tensor(0, groups.starts())
                .tensor(1, groups.sources())
                .tensor(2, groups.places())
                .tensor(3, ids);
    }

    @Override
    public void moeMatmul(
            Tensor out, Tensor x, MatrixBank w, Tensor starts, @Nullable Tensor biases) {
        OpCheck check = check("moeMatmul");
        CpuMatrixBank bank = bank(check, w);
        OpShapes.moeMatmul(check, out, x, w, starts, biases);
        ops.add(OpCode.MOE_MATMUL).bank(bank).tensor(0, out).tensor(1, x).tensor(2, starts);
        if (biases != null) {
            ops.tensor(3, biases);
        }
    }

    @Override
    public void moeCombine(Tensor out, Tensor y, Tensor places, Tensor weights) {
        OpShapes.moeCombine(check("moeCombine"), out, y, places, weights);
        ops.add(OpCode.MOE_COMBINE)
                .tensor(0, out)
                .tensor(1, y)
                .tensor(2, places)
                .tensor(3, weights);
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, Tensor rows) {
        OpShapes.rows(check("gatherRows"), out, x, "x", rows);
        ops.add(OpCode.GATHER_ROWS).tensor(0, out).tensor(1, x).tensor(2, rows);
    }

    @Override
    public void feedSampled(Tensor ids, Tensor sampled, Tensor rows) {
        OpShapes.feedSampled(check("feedSampled"), ids, sampled, rows);
        ops.add(OpCode.FEED_SAMPLED).tensor(0, ids).tensor(1, sampled).tensor(2, rows);
    }

    @Override
    public void argmax(Tensor out, Tensor x) {
        OpShapes.argmax(check("argmax"), out, x);
        ops.add(OpCode.ARGMAX).tensor(0, out).tensor(1, x);
    }

    @Override
    public void topK(Tensor ids, Tensor values, Tensor x) {
        OpShapes.topK(check("topK"), ids, values, x);
        ops.add(OpCode.TOP_K).tensor(0, ids).tensor(1, values).tensor(2, x);
    }

    @Override
    public void processLogits(Tensor logits, LogitEdits edits) {
        OpShapes.processLogits(check("processLogits"), logits, edits);
        ops.add(OpCode.PROCESS_LOGITS)
                .tensor(0, logits)
                .tensor(1, edits.rowStarts())
                .tensor(2, edits.tokens())
                .tensor(3, edits.amounts())
                .tensor(4, edits.before());
    }

    @Override
    public void sample(Tensor tokens, Tensor logits, Tensor draws) {
        OpShapes.sample(check("sample"), tokens, logits, draws);
        ops.add(OpCode.SAMPLE).tensor(0, tokens).tensor(1, logits).tensor(2, draws);
    }

    @Override
    public void softmaxSums(Tensor sums, Tensor logits) {
        OpShapes.softmaxSums(check("softmaxSums"), sums, logits);
        ops.add(OpCode.SOFTMAX_SUMS).tensor(0, sums).tensor(1, logits);
    }

    /// `INGOT_MAP_…`
    private static final class Map {
        static final int RELU = 0;
        static final int GELU = 1;
        static final int GELU_TANH = 2;
        static final int SCALE = 3;
        static final int SOFTCAP = 4;
    }

    /// `INGOT_GATE_…`
    private static final class Gate {
        static final int GELU = 0;
        static final int GELU_TANH = 1;
        static final int CLAMPED_SILU = 2;
    }

    private OpCheck check(String op) {
        buffer.requireOpen();
        return new OpCheck(op, isOurs);
    }

    private CpuMatrix matrix(OpCheck check, Matrix matrix) {
        if (matrix instanceof CpuMatrix ours && ours.owner() == device) {
            return ours;
        }
        throw check.refused("the matrix belongs to another device");
    }

    private CpuMatrixBank bank(OpCheck check, MatrixBank bank) {
        if (bank instanceof CpuMatrixBank ours && ours.owner() == device) {
            return ours;
        }
        throw check.refused("the matrices belong to another device");
    }

    private CpuKvCache cache(OpCheck check, KvCache cache, int layer) {
        if (!(cache instanceof CpuKvCache ours) || ours.owner() != device) {
            throw check.refused("the KV cache belongs to another device");
        }
        if (layer < 0 || layer >= ours.geometry().layers()) {
            throw check.refused("layer " + layer + " of " + ours.geometry().layers());
        }
        return ours;
    }
}
