package dev.ingot.kernels.checks;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.SoftmaxWeight;
import dev.ingot.engine.ops.Tensor;
import org.jspecify.annotations.Nullable;

/// What each op of an [Encoder] asks of its tensors, whatever the device: their types, shapes and places.
///
/// Each method is named as its op and throws [IllegalArgumentException] that begins with the op's name.
public final class OpShapes {
    private OpShapes() {}

    public static void embed(OpCheck check, Tensor out, Matrix table, Tensor ids) {
        check.floats(out, "out").ints(ids, "ids");
        check.shape(out, "out", ids.rows(), table.in());
        check.shape(ids, "ids", out.rows(), 1);
    }

    /// `rmsNorm` and `layerNorm`.
    ///
    /// @param bias of layer norm, or null
    public static void norm(
            OpCheck check, Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias) {
        check.floats(out, "out").floats(x, "x").floats(weight, "weight");
        check.shape(out, "out", x.rows(), x.columns());
        check.shape(weight, "weight", 1, x.columns());
        check.sameOrApart(out, x);
        if (bias != null) {
            check.floats(bias, "bias").shape(bias, "bias", 1, x.columns());
        }
    }

    public static void rmsNormHeads(OpCheck check, Tensor x, Tensor weight) {
        check.floats(x, "x").floats(weight, "weight");
        check.shape(weight, "weight", 1, weight.columns());
        check.multiple(x, "x", weight.columns());
    }

    /// `matmul` and `matmulAdd`.
    public static void matmul(
            OpCheck check, Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        check.floats(out, "out").floats(x, "x");
        check.shape(x, "x", out.rows(), w.in());
        check.shape(out, "out", x.rows(), w.out());
        check.apart(out, x);
        if (bias != null) {
            check.floats(bias, "bias").shape(bias, "bias", 1, w.out());
        }
    }

    public static void matmulSwiglu(
            OpCheck check, Tensor out, Tensor x, Matrix w, @Nullable Tensor bias, Tensor between) {
        check.floats(out, "out").floats(x, "x").floats(between, "between");
        check.shape(x, "x", out.rows(), w.in());
        check.shape(between, "between", x.rows(), w.out());
        check.shape(between, "between", x.rows(), Math.multiplyExact(2, out.columns()));
        check.apart(between, x);
        check.apart(out, between);
        check.apart(out, x);
        if (bias != null) {
            check.floats(bias, "bias").shape(bias, "bias", 1, w.out());
        }
    }

    public static void rope(
            OpCheck check, Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies) {
        check.floats(x, "x").ints(positions, "positions").floats(inverseFrequencies, "frequencies");
        check.headDim(headDim);
        check.multiple(x, "x", headDim);
        check.shape(positions, "positions", x.rows(), 1);
        int pairs = Math.min(inverseFrequencies.columns(), headDim / 2);
        check.shape(inverseFrequencies, "inverseFrequencies", 1, pairs);
    }

    public static void storeKv(
            OpCheck check, KvCache cache, Tensor k, Tensor v, Tensor slotMapping) {
        KvGeometry geometry = cache.geometry();
        check.floats(k, "k").floats(v, "v").ints(slotMapping, "slotMapping");
        check.shape(k, "k", slotMapping.rows(), geometry.kvHeads() * geometry.headDim());
        check.shape(v, "v", k.rows(), k.columns());
        check.shape(slotMapping, "slotMapping", k.rows(), 1);
    }

    public static void ropeAndStoreKv(
            OpCheck check, KvCache cache, Tensor qkv, Batch batch, Tensor inverseFrequencies) {
        KvGeometry geometry = cache.geometry();
        rope(check, qkv, geometry.headDim(), batch.positions(), inverseFrequencies);
        check.ints(batch.slotMapping(), "slotMapping");
        check.shape(batch.slotMapping(), "slotMapping", qkv.rows(), 1);
        if (qkv.columns() < 2 * geometry.kvHeads() * geometry.headDim()) {
            throw check.refused("qkv is " + qkv + ": too few columns for keys and values");
        }
    }

    public static void copyBlocks(OpCheck check, Tensor pairs) {
        check.ints(pairs, "pairs").shape(pairs, "pairs", pairs.rows(), 2);
    }

    public static void pagedAttention(
            OpCheck check, Tensor out, Tensor q, KvCache cache, Attention attention, Batch batch) {
        KvGeometry geometry = cache.geometry();
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
        int blocks = batch.blockTables().columns();
        check.shape(batch.blockTables(), "blockTables", batch.sequences(), blocks);
        Tensor sinks = attention.sinks();
        if (sinks != null) {
            check.floats(sinks, "sinks");
            check.shape(sinks, "sinks", 1, q.columns() / geometry.headDim());
        }
    }

    /// `swiglu`, `clampedSwiglu` and `geglu`.
    public static void gate(OpCheck check, Tensor out, Tensor gateUp) {
        check.floats(out, "out").floats(gateUp, "gateUp");
        check.shape(gateUp, "gateUp", out.rows(), Math.multiplyExact(2, out.columns()));
        check.apart(out, gateUp);
    }

    /// Functions of one element.
    public static void map(OpCheck check, Tensor out, Tensor x) {
        check.floats(out, "out").floats(x, "x");
        check.shape(x, "x", out.rows(), out.columns());
        check.sameOrApart(out, x);
    }

    public static void add(OpCheck check, Tensor out, Tensor x) {
        check.floats(out, "out").floats(x, "x");
        check.shape(x, "x", out.rows(), out.columns());
        check.apart(out, x);
    }

    /// `gatherRows` and `addRows`.
    ///
    /// @param name of the table in messages
    public static void rows(OpCheck check, Tensor out, Tensor table, String name, Tensor rows) {
        check.floats(out, "out").floats(table, name).ints(rows, "rows");
        check.shape(out, "out", rows.rows(), table.columns());
        check.shape(rows, "rows", out.rows(), 1);
        check.apart(out, table);
    }

    public static void feedSampled(OpCheck check, Tensor ids, Tensor sampled, Tensor rows) {
        check.ints(ids, "ids").ints(sampled, "sampled").ints(rows, "rows");
        check.shape(ids, "ids", rows.rows(), 1);
        check.shape(sampled, "sampled", sampled.rows(), 1);
        check.shape(rows, "rows", ids.rows(), 1);
        check.apart(ids, sampled);
    }

    public static void moeRoute(
            OpCheck check, Tensor ids, Tensor weights, Tensor logits, int maxExperts) {
        check.ints(ids, "ids").floats(weights, "weights").floats(logits, "logits");
        check.shape(ids, "ids", logits.rows(), ids.columns());
        check.shape(weights, "weights", logits.rows(), ids.columns());
        check.atMost(ids.columns(), logits.columns(), "experts a token");
        check.atMost(logits.columns(), maxExperts, "experts");
    }

    public static void moeGroup(OpCheck check, ExpertGroups groups, Tensor ids, int maxExperts) {
        check.ints(groups.starts(), "starts").ints(groups.sources(), "sources");
        check.ints(groups.places(), "places").ints(ids, "ids");
        check.shape(groups.starts(), "starts", groups.starts().rows(), 1);
        check.shape(groups.sources(), "sources", ids.rows() * ids.columns(), 1);
        check.shape(groups.places(), "places", ids.rows(), ids.columns());
        check.atMost(groups.starts().rows() - 1, maxExperts, "experts");
    }

    public static void moeMatmul(
            OpCheck check,
            Tensor out,
            Tensor x,
            MatrixBank w,
            Tensor starts,
            @Nullable Tensor biases) {
        check.floats(out, "out").floats(x, "x").ints(starts, "starts");
        check.shape(x, "x", out.rows(), w.in());
        check.shape(out, "out", x.rows(), w.out());
        check.shape(starts, "starts", w.count() + 1, 1);
        check.apart(out, x);
        if (biases != null) {
            check.floats(biases, "biases").shape(biases, "biases", w.count(), w.out());
        }
    }

    public static void moeCombine(
            OpCheck check, Tensor out, Tensor y, Tensor places, Tensor weights) {
        check.floats(out, "out").floats(y, "y").ints(places, "places").floats(weights, "weights");
        check.shape(out, "out", places.rows(), y.columns());
        check.shape(weights, "weights", places.rows(), places.columns());
        check.apart(out, y);
    }

    public static void argmax(OpCheck check, Tensor out, Tensor x) {
        check.ints(out, "out").floats(x, "x");
        check.shape(out, "out", x.rows(), 1);
    }

    public static void topK(OpCheck check, Tensor ids, Tensor values, Tensor x) {
        check.ints(ids, "ids").floats(values, "values").floats(x, "x");
        check.shape(ids, "ids", x.rows(), ids.columns());
        check.shape(values, "values", x.rows(), ids.columns());
        check.atMost(ids.columns(), Encoder.MAX_TOP_K, "values a row");
    }

    public static void processLogits(OpCheck check, Tensor logits, LogitEdits edits) {
        Tensor tokens = edits.tokens();
        check.floats(logits, "logits").ints(edits.rowStarts(), "rowStarts").ints(tokens, "tokens");
        check.floats(edits.amounts(), "amounts").floats(edits.before(), "before");
        check.shape(edits.rowStarts(), "rowStarts", logits.rows() + 1, 1);
        check.shape(tokens, "tokens", tokens.rows(), 1);
        check.shape(edits.amounts(), "amounts", tokens.rows(), LogitEdits.AMOUNTS);
        check.shape(edits.before(), "before", tokens.rows(), 1);
    }

    public static void sample(OpCheck check, Tensor tokens, Tensor logits, Tensor draws) {
        check.ints(tokens, "tokens").floats(logits, "logits").ints(draws, "draws");
        check.shape(tokens, "tokens", logits.rows(), 1);
        check.shape(draws, "draws", logits.rows(), Draw.COLUMNS);
        check.atMost(logits.columns(), SoftmaxWeight.MAX_COUNT, "logits a row");
    }

    public static void softmaxSums(OpCheck check, Tensor sums, Tensor logits) {
        check.ints(sums, "sums").floats(logits, "logits");
        check.shape(sums, "sums", logits.rows(), 3);
        check.atMost(logits.columns(), SoftmaxWeight.MAX_COUNT, "logits a row");
    }
}
