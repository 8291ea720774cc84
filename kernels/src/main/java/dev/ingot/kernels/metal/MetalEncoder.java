package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DeviceBuffer;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.checks.OpCheck;
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

    MetalEncoder(MetalDevice device, ComputePass pass) {
        this.device = device;
        step = new StepOps(device, pass);
        rows = new RowOps(step);
        matmuls = new MatmulOps(step);
        embeddings = new EmbedOps(step);
        caches = new CacheOps(step);
        attentions = new AttentionOps(step);
        experts = new ExpertOps(step, rows);
    }

    @Override
    public void embed(Tensor out, Matrix table, Tensor ids) {
        OpCheck check = check("embed");
        MetalMatrix weights = matrix(check, table);
        check.floats(out, "out").ints(ids, "ids");
        check.shape(out, "out", ids.rows(), weights.in());
        check.shape(ids, "ids", out.rows(), 1);
        embeddings.embed(out, weights, ids);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, float epsilon) {
        OpCheck check = check("rmsNorm");
        check.floats(out, "out").floats(x, "x").floats(weight, "weight");
        check.shape(out, "out", x.rows(), x.columns());
        check.shape(weight, "weight", 1, x.columns());
        check.sameOrApart(out, x);
        rows.rmsNorm("rmsNorm", out, x, weight, 1, epsilon);
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon) {
        OpCheck check = check("layerNorm");
        check.floats(out, "out").floats(x, "x").floats(weight, "weight");
        check.shape(out, "out", x.rows(), x.columns());
        check.shape(weight, "weight", 1, x.columns());
        check.sameOrApart(out, x);
        if (bias != null) {
            check.floats(bias, "bias").shape(bias, "bias", 1, x.columns());
        }
        rows.layerNorm(out, x, weight, bias, epsilon);
    }

    @Override
    public void rmsNormHeads(Tensor x, Tensor weight, float epsilon) {
        OpCheck check = check("rmsNormHeads");
        check.floats(x, "x").floats(weight, "weight");
        check.shape(weight, "weight", 1, weight.columns());
        check.multiple(x, "x", weight.columns());
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
        check.floats(out, "out").floats(x, "x");
        check.shape(x, "x", out.rows(), weights.in());
        check.shape(out, "out", x.rows(), weights.out());
        check.apart(out, x);
        if (bias != null) {
            check.floats(bias, "bias").shape(bias, "bias", 1, weights.out());
        }
        matmuls.multiply(new MatmulOps.Operands(op, out, x, bias, adds, null, 0), weights.slabs());
    }

    @Override
    public void rope(
            Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies, float magnitude) {
        OpCheck check = check("rope");
        check.floats(x, "x").ints(positions, "positions").floats(inverseFrequencies, "frequencies");
        check.headDim(headDim);
        check.multiple(x, "x", headDim);
        check.shape(positions, "positions", x.rows(), 1);
        int pairs = Math.min(inverseFrequencies.columns(), headDim / 2);
        check.shape(inverseFrequencies, "inverseFrequencies", 1, pairs);
        rows.rope(x, headDim, positions, inverseFrequencies, magnitude);
    }

    @Override
    public void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping) {
        OpCheck check = check("storeKv");
        MetalKvCache target = cache(check, cache, layer);
        KvGeometry geometry = target.geometry();
        check.floats(k, "k").floats(v, "v").ints(slotMapping, "slotMapping");
        check.shape(k, "k", slotMapping.rows(), geometry.kvHeads() * geometry.headDim());
        check.shape(v, "v", k.rows(), k.columns());
        check.shape(slotMapping, "slotMapping", k.rows(), 1);
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
        check.floats(qkv, "qkv").floats(inverseFrequencies, "frequencies");
        check.ints(batch.positions(), "positions").ints(batch.slotMapping(), "slotMapping");
        check.headDim(headDim);
        check.multiple(qkv, "qkv", headDim);
        check.shape(batch.positions(), "positions", qkv.rows(), 1);
        check.shape(batch.slotMapping(), "slotMapping", qkv.rows(), 1);
        int pairs = Math.min(inverseFrequencies.columns(), headDim / 2);
        check.shape(inverseFrequencies, "inverseFrequencies", 1, pairs);
        int heads = qkv.columns() / headDim - 2 * target.geometry().kvHeads();
        if (heads < 0) {
            throw check.refused("qkv is " + qkv + ": too few columns for keys and values");
        }
        caches.turnAndStore(target, layer, qkv, heads, batch, inverseFrequencies, magnitude);
    }

    @Override
    public void copyBlocks(KvCache cache, Tensor pairs) {
        OpCheck check = check("copyBlocks");
        MetalKvCache target = cache(check, cache, 0);
        check.ints(pairs, "pairs").shape(pairs, "pairs", pairs.rows(), 2);
        caches.copy(target, pairs);
    }

    @Override
    public void pagedAttention(
            Tensor out, Tensor q, KvCache cache, int layer, Attention attention, Batch batch) {
        OpCheck check = check("pagedAttention");
        MetalKvCache source = cache(check, cache, layer);
        KvGeometry geometry = source.geometry();
        check.floats(out, "out").floats(q, "q");
        check.multiple(q, "q", geometry.kvHeads() * geometry.headDim());
        check.shape(out, "out", q.rows(), q.columns());
        check.apart(out, q);
        check.ints(batch.positions(), "positions").ints(batch.queryStarts(), "queryStarts");
        check.ints(batch.sequenceLengths(), "sequenceLengths");
        check.ints(batch.blockTables(), "blockTables");
        check.shape(batch.positions(), "positions", q.rows(), 1);
        check.shape(batch.sequenceLengths(), "sequenceLengths", batch.sequences(), 1);
        check.shape(batch.queryStarts(), "queryStarts", batch.sequences() + 1, 1);
        check.shape(
                batch.blockTables(),
                "blockTables",
                batch.sequences(),
                batch.blockTables().columns());
        Tensor sinks = attention.sinks();
        if (sinks != null) {
            check.floats(sinks, "sinks");
            check.shape(sinks, "sinks", 1, q.columns() / geometry.headDim());
        }
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
        OpCheck check = check(op);
        check.floats(out, "out").floats(gateUp, "gateUp");
        check.shape(gateUp, "gateUp", out.rows(), Math.multiplyExact(2, out.columns()));
        check.apart(out, gateUp);
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
        OpCheck check = check(op);
        check.floats(out, "out").floats(x, "x");
        check.shape(x, "x", out.rows(), out.columns());
        check.sameOrApart(out, x);
        rows.elements(op, "map", function, out, x, parameter, 0);
    }

    @Override
    public void add(Tensor out, Tensor x) {
        OpCheck check = check("add");
        check.floats(out, "out").floats(x, "x");
        check.shape(x, "x", out.rows(), out.columns());
        check.apart(out, x);
        rows.move("add", out, x, null, true);
    }

    @Override
    public void addRows(Tensor out, Tensor table, Tensor rows) {
        OpCheck check = check("addRows");
        check.floats(out, "out").floats(table, "table").ints(rows, "rows");
        check.shape(out, "out", rows.rows(), table.columns());
        check.shape(rows, "rows", out.rows(), 1);
        check.apart(out, table);
        this.rows.move("addRows", out, table, rows, true);
    }

    @Override
    public void moeRoute(Tensor ids, Tensor weights, Tensor logits, boolean normalized) {
        OpCheck check = check("moeRoute");
        check.ints(ids, "ids").floats(weights, "weights").floats(logits, "logits");
        check.shape(ids, "ids", logits.rows(), ids.columns());
        check.shape(weights, "weights", logits.rows(), ids.columns());
        check.atMost(ids.columns(), logits.columns(), "experts a token");
        check.atMost(logits.columns(), MAX_EXPERTS, "experts");
        experts.route(ids, weights, logits, normalized);
    }

    @Override
    public void moeGroup(ExpertGroups groups, Tensor ids) {
        OpCheck check = check("moeGroup");
        check.ints(groups.starts(), "starts").ints(groups.sources(), "sources");
        check.ints(groups.places(), "places").ints(ids, "ids");
        check.shape(groups.starts(), "starts", groups.starts().rows(), 1);
        check.shape(groups.sources(), "sources", ids.rows() * ids.columns(), 1);
        check.shape(groups.places(), "places", ids.rows(), ids.columns());
        check.atMost(groups.starts().rows() - 1, MAX_EXPERTS, "experts");
        experts.group(groups, ids);
    }

    @Override
    public void moeMatmul(
            Tensor out, Tensor x, MatrixBank w, Tensor starts, @Nullable Tensor biases) {
        OpCheck check = check("moeMatmul");
        if (!(w instanceof MetalMatrixBank bank) || bank.owner() != device) {
            throw check.refused("the matrices belong to another device");
        }
        check.floats(out, "out").floats(x, "x").ints(starts, "starts");
        check.shape(x, "x", out.rows(), bank.in());
        check.shape(out, "out", x.rows(), bank.out());
        check.shape(starts, "starts", bank.count() + 1, 1);
        check.apart(out, x);
        if (biases != null) {
            check.floats(biases, "biases").shape(biases, "biases", bank.count(), bank.out());
        }
        matmuls.multiply(
                new MatmulOps.Operands("moeMatmul", out, x, biases, false, starts, bank.count()),
                bank.slabs());
    }

    @Override
    public void moeCombine(Tensor out, Tensor y, Tensor places, Tensor weights) {
        OpCheck check = check("moeCombine");
        check.floats(out, "out").floats(y, "y").ints(places, "places").floats(weights, "weights");
        check.shape(out, "out", places.rows(), y.columns());
        check.shape(weights, "weights", places.rows(), places.columns());
        check.apart(out, y);
        experts.combine(out, y, places, weights);
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, Tensor rows) {
        OpCheck check = check("gatherRows");
        check.floats(out, "out").floats(x, "x").ints(rows, "rows");
        check.shape(out, "out", rows.rows(), x.columns());
        check.shape(rows, "rows", out.rows(), 1);
        check.apart(out, x);
        this.rows.move("gatherRows", out, x, rows, false);
    }

    @Override
    public void argmax(Tensor out, Tensor x) {
        OpCheck check = check("argmax");
        check.ints(out, "out").floats(x, "x");
        check.shape(out, "out", x.rows(), 1);
        rows.argmax(out, x);
    }

    @Override
    public void topK(Tensor ids, Tensor values, Tensor x) {
        OpCheck check = check("topK");
        check.ints(ids, "ids").floats(values, "values").floats(x, "x");
        check.shape(ids, "ids", x.rows(), ids.columns());
        check.shape(values, "values", x.rows(), ids.columns());
        check.atMost(ids.columns(), MAX_TOP_K, "values a row");
        rows.topK(ids, values, x);
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
