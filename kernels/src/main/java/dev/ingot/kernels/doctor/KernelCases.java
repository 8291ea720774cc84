package dev.ingot.kernels.doctor;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.SoftmaxWeight;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.kernels.doctor.Inputs.Weights;
import dev.ingot.kernels.doctor.KernelCase.Prepared;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/// Every kernel at a shape or two of a small model.
public final class KernelCases {
    private static final double EXACT = 0;

    /// Sums in F32, in whatever order.
    private static final double SUMS = 1e-4;

    /// K and V rounded to the cache's format, on both sides.
    private static final double CACHED = 2e-3;

    /// The last bit of an angle may decide how a key is rounded.
    private static final double TURNED = 2e-2;

    /// The CPU rounds activations to 8 bits before it multiplies them with quantized weights.
    private static final double QUANTIZED = 4e-2;

    private static final int HEADS = 8;
    private static final int KV_HEADS = 2;
    private static final int HEAD_DIM = 64;
    private static final int BLOCK = 16;
    private static final float SCALE = 0.125f;

    private KernelCases() {}

    /// All of them, in the order in which a model calls them.
    public static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        embeddings(cases);
        norms(cases);
        for (int rows : new int[] {1, 33}) {
            for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
                matmul(cases, dtype.toString(), rows, Inputs.full(11, dtype, 160, 256), SUMS);
            }
            matmul(cases, "affine 4", rows, Inputs.affine(12, 4, 160, 256), QUANTIZED);
            matmul(cases, "affine 8", rows, Inputs.affine(13, 8, 160, 256), QUANTIZED);
            for (var type : List.of(BlockWeights.Type.Q8_0, BlockWeights.Type.Q4_0)) {
                var weights = Inputs.blocks(14, type, 160, 256);
                matmul(cases, type.toString(), rows, weights, QUANTIZED);
            }
            matmul(cases, "MXFP4", rows, Inputs.fp4(15, 160, 256), QUANTIZED);
        }
        attention(cases);
        elementwise(cases);
        experts(cases);
        selection(cases);
        return cases;
    }

    /// What exact and fast numerics take different kernels for.
    ///
    /// @param large of the size of a real model's prompt, for a GPU to have something to do
    public static List<KernelCase> prompts(boolean large) {
        List<KernelCase> cases = new ArrayList<>();
        int rows = large ? 256 : 33;
        int size = large ? 2048 : 256;
        for (DType dtype : new DType[] {DType.F16, DType.BF16}) {
            var weights = Inputs.full(15, dtype, size, size);
            matmul(cases, dtype.toString(), rows, weights, SUMS);
        }
        matmul(cases, "affine 4", rows, Inputs.affine(16, 4, size, size), SUMS);
        var blocks = Inputs.blocks(17, BlockWeights.Type.Q8_0, size, size);
        matmul(cases, "Q8_0", rows, blocks, SUMS);
        for (DType dtype : new DType[] {DType.F16, DType.I8}) {
            int length = large ? 1024 : 75;
            int tokens = large ? 256 : 40;
            attention(
                    cases, "prompt " + dtype, dtype, tokens, length, _ -> Attention.scaled(SCALE));
        }
        return cases;
    }

    private static void embeddings(List<KernelCase> cases) {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            embed(cases, dtype.toString(), Inputs.full(1, dtype, 100, 128), EXACT);
        }
        embed(cases, "affine 4", Inputs.affine(7, 4, 100, 128), SUMS);
        embed(cases, "affine 8", Inputs.affine(8, 8, 100, 128), SUMS);
        embed(cases, "MXFP4", Inputs.fp4(9, 100, 128), EXACT);
        cases.add(
                new KernelCase(
                        "addRows",
                        "[5, 128]",
                        SUMS,
                        device -> {
                            Tensor out = Inputs.floats(device, 2, 5, 128);
                            Tensor table = Inputs.floats(device, 3, 10, 128);
                            Tensor rows = Inputs.ints(device, 0, 9, 3, 3, 4);
                            return prepared(enc -> enc.addRows(out, table, rows), out);
                        }));
    }

    private static void embed(
            List<KernelCase> cases, String format, Weights weights, double tolerance) {
        cases.add(
                new KernelCase(
                        "embed " + format,
                        "[5, 128]",
                        tolerance,
                        device -> embedded(device, matrix(device, weights)),
                        device -> embedded(device, device.matrix("w", List.of(weights.full())))));
    }

    private static Prepared embedded(Device device, Matrix table) {
        Tensor out = Inputs.out(device, 5, 128);
        Tensor ids = Inputs.ints(device, 0, 99, 7, 7, 42);
        return prepared(enc -> enc.embed(out, table, ids), out);
    }

    private static void norms(List<KernelCase> cases) {
        cases.add(
                new KernelCase(
                        "rmsNorm",
                        "[7, 384]",
                        SUMS,
                        device -> {
                            Tensor out = Inputs.out(device, 7, 384);
                            Tensor x = Inputs.floats(device, 4, 7, 384);
                            Tensor w = device.vector("w", Inputs.normal(5, 384));
                            return prepared(enc -> enc.rmsNorm(out, x, w, 1e-6f), out);
                        }));
        cases.add(
                new KernelCase(
                        "layerNorm",
                        "[7, 384]",
                        SUMS,
                        device -> {
                            Tensor out = Inputs.out(device, 7, 384);
                            Tensor x = Inputs.floats(device, 4, 7, 384);
                            Tensor w = device.vector("w", Inputs.normal(5, 384));
                            Tensor b = device.vector("b", Inputs.normal(6, 384));
                            return prepared(enc -> enc.layerNorm(out, x, w, b, 1e-5f), out);
                        }));
        cases.add(
                new KernelCase(
                        "rmsNormHeads",
                        "[7, 6 · 64]",
                        SUMS,
                        device -> {
                            Tensor x = Inputs.floats(device, 4, 7, 384);
                            Tensor w = device.vector("w", Inputs.normal(5, 64));
                            return prepared(enc -> enc.rmsNormHeads(x, w, 1e-6f), x);
                        }));
    }

    private static void matmul(
            List<KernelCase> cases, String format, int rows, Weights weights, double tolerance) {
        cases.add(
                new KernelCase(
                        "matmul " + format,
                        "[%d, %d] · [%d, %d]"
                                .formatted(
                                        rows,
                                        weights.full().in(),
                                        weights.full().in(),
                                        weights.full().out()),
                        tolerance,
                        device -> product(device, rows, matrix(device, weights)),
                        device ->
                                product(
                                        device,
                                        rows,
                                        device.matrix("w", List.of(weights.full())))));
    }

    private static Prepared product(Device device, int rows, Matrix w) {
        Tensor out = Inputs.out(device, rows, w.out());
        Tensor sum = Inputs.floats(device, 21, rows, w.out());
        Tensor x = Inputs.floats(device, 22, rows, w.in());
        Tensor bias = device.vector("bias", Inputs.normal(23, w.out()));
        return prepared(
                enc -> {
                    enc.matmul(out, x, w, bias);
                    enc.matmulAdd(sum, x, w, null);
                },
                out,
                sum);
    }

    private static void attention(List<KernelCase> cases) {
        cases.add(
                new KernelCase(
                        "rope",
                        "[5, 8 · 64]",
                        SUMS,
                        device -> {
                            Tensor x = Inputs.floats(device, 31, 5, HEADS * HEAD_DIM);
                            Tensor positions = Inputs.ints(device, 0, 1, 63, 900, 4095);
                            Tensor table = frequencies(device);
                            return prepared(enc -> enc.rope(x, HEAD_DIM, positions, table), x);
                        }));
        float scale = SCALE;
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16, DType.I8}) {
            cases.add(
                    new KernelCase(
                            "ropeAndStoreKv " + dtype,
                            "[21, 12 · 64]",
                            dtype == DType.F32 ? SUMS : TURNED,
                            device -> turnedAndStored(device, dtype)));
        }
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16, DType.I8}) {
            // The same tokens as one prompt and one by one: 75 positions, the last of them new.
            attention(cases, "prefill " + dtype, dtype, 75, _ -> Attention.scaled(scale));
            attention(cases, "decode " + dtype, dtype, 1, _ -> Attention.scaled(scale));
        }
        attention(cases, "in a window", DType.F16, 1, _ -> Attention.windowed(scale, 20));
        attention(cases, "with a soft cap", DType.F16, 40, _ -> new Attention(scale, 0, 30, null));
        attention(
                cases,
                "with sinks",
                DType.F16,
                40,
                device ->
                        new Attention(
                                scale, 0, 0, device.vector("sinks", Inputs.normal(44, HEADS))));
    }

    private static void attention(
            List<KernelCase> cases,
            String name,
            DType dtype,
            int tokens,
            Function<Device, Attention> with) {
        attention(cases, name, dtype, tokens, 75, with);
    }

    private static void attention(
            List<KernelCase> cases,
            String name,
            DType dtype,
            int tokens,
            int length,
            Function<Device, Attention> with) {
        cases.add(
                new KernelCase(
                        "attention " + name,
                        "[" + tokens + ", 8 · 64] to " + length,
                        CACHED,
                        device -> {
                            int blocks = Math.ceilDiv(length, BLOCK);
                            var cache =
                                    device.kvCache(
                                            new KvGeometry(
                                                    1,
                                                    KV_HEADS,
                                                    HEAD_DIM,
                                                    BLOCK,
                                                    2 * blocks + 1,
                                                    dtype));
                            Tensor k = Inputs.floats(device, 41, length, KV_HEADS * HEAD_DIM);
                            Tensor v = Inputs.floats(device, 42, length, KV_HEADS * HEAD_DIM);
                            Tensor q = Inputs.floats(device, 43, tokens, HEADS * HEAD_DIM);
                            Tensor out = Inputs.out(device, tokens, HEADS * HEAD_DIM);
                            // The blocks lie in the pool from the last to the first.
                            int[] table = IntStream.range(0, blocks).map(i -> blocks - i).toArray();
                            Tensor slots =
                                    Inputs.ints(
                                            device,
                                            IntStream.range(0, length)
                                                    .map(p -> table[p / BLOCK] * BLOCK + p % BLOCK)
                                                    .toArray());
                            // It is attended to where every block was copied to.
                            int[] copies = IntStream.of(table).map(b -> b + blocks).toArray();
                            Tensor pairs = pairs(device, table, copies);
                            Batch batch = batch(device, tokens, length, copies);
                            Attention attention = with.apply(device);
                            return prepared(
                                    enc -> {
                                        enc.storeKv(cache, 0, k, v, slots);
                                        enc.copyBlocks(cache, pairs);
                                        enc.pagedAttention(out, q, cache, 0, attention, batch);
                                    },
                                    out);
                        }));
    }

    /// A prompt's q and k turned, its K and V stored, and what attention then sees of them.
    private static Prepared turnedAndStored(Device device, DType dtype) {
        int length = 21;
        var cache = device.kvCache(new KvGeometry(1, KV_HEADS, HEAD_DIM, BLOCK, 3, dtype));
        int queries = HEADS * HEAD_DIM;
        Tensor qkv = Inputs.floats(device, 45, length, queries + 2 * KV_HEADS * HEAD_DIM);
        Tensor out = Inputs.out(device, length, queries);
        Tensor table = frequencies(device);
        Batch batch = batch(device, length, length, new int[] {0, 1});
        return prepared(
                enc -> {
                    enc.ropeAndStoreKv(cache, 0, qkv, batch, table, 1);
                    enc.pagedAttention(out, qkv.columns(0, queries), cache, 0, SCALE, batch);
                },
                out,
                qkv);
    }

    private static Tensor frequencies(Device device) {
        float[] frequencies = new float[HEAD_DIM / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) Math.pow(10000, -2.0 * i / HEAD_DIM);
        }
        return device.vector("frequencies", frequencies);
    }

    private static Tensor pairs(Device device, int[] from, int[] to) {
        Tensor pairs = Tensor.allocate(device, "doctor", DType.I32, from.length, 2);
        for (int i = 0; i < from.length; i++) {
            pairs.contents().setAtIndex(ValueLayout.JAVA_INT, 2L * i, from[i]);
            pairs.contents().setAtIndex(ValueLayout.JAVA_INT, 2L * i + 1, to[i]);
        }
        return pairs;
    }

    private static Batch batch(Device device, int tokens, int length, int[] table) {
        int[] positions = IntStream.range(length - tokens, length).toArray();
        Tensor blockTable = Tensor.allocate(device, "doctor", DType.I32, 1, table.length);
        for (int i = 0; i < table.length; i++) {
            blockTable.contents().setAtIndex(ValueLayout.JAVA_INT, i, table[i]);
        }
        Tensor unused = Inputs.ints(device, positions);
        return new Batch(
                unused,
                Inputs.ints(device, positions),
                unused,
                Inputs.ints(device, 0, tokens),
                Inputs.ints(device, length),
                blockTable,
                Inputs.ints(device, tokens - 1));
    }

    private static void elementwise(List<KernelCase> cases) {
        elementwise(cases, "swiglu", 2, (enc, out, x) -> enc.swiglu(out, x));
        elementwise(
                cases, "clampedSwiglu", 2, (enc, out, x) -> enc.clampedSwiglu(out, x, 1.5f, 1.7f));
        elementwise(cases, "geglu tanh", 2, (enc, out, x) -> enc.geglu(out, x, Gelu.TANH));
        elementwise(cases, "geglu exact", 2, (enc, out, x) -> enc.geglu(out, x, Gelu.EXACT));
        elementwise(cases, "gelu tanh", 1, (enc, out, x) -> enc.gelu(out, x, Gelu.TANH));
        elementwise(cases, "gelu exact", 1, (enc, out, x) -> enc.gelu(out, x, Gelu.EXACT));
        elementwise(cases, "relu", 1, (enc, out, x) -> enc.relu(out, x));
        elementwise(cases, "add", 1, (enc, out, x) -> enc.add(out, x));
        elementwise(cases, "scale", 1, (enc, out, _) -> enc.scale(out, 0.37f));
        elementwise(cases, "softcap", 1, (enc, out, _) -> enc.softcap(out, 0.8f));
    }

    /// Records an op of one input.
    @FunctionalInterface
    private interface Op {
        void record(Encoder encoder, Tensor out, Tensor x);
    }

    private static void elementwise(List<KernelCase> cases, String name, int wide, Op op) {
        cases.add(
                new KernelCase(
                        name,
                        "[9, 200]",
                        SUMS,
                        device -> {
                            Tensor out = Inputs.floats(device, 51, 9, 200);
                            Tensor x = Inputs.floats(device, 52, 9, 200 * wide);
                            return prepared(enc -> op.record(enc, out, x), out);
                        }));
    }

    private static void experts(List<KernelCase> cases) {
        cases.add(
                new KernelCase(
                        "mixture of experts F16",
                        "[6, 64], 3 of 8",
                        SUMS,
                        device -> {
                            int tokens = 6;
                            int k = 3;
                            int experts = 8;
                            int pairs = tokens * k;
                            List<Matrix> matrices = new ArrayList<>();
                            for (int e = 0; e < experts; e++) {
                                matrices.add(
                                        matrix(device, Inputs.full(60 + e, DType.F16, 96, 64)));
                            }
                            var bank = device.bank("experts", matrices);
                            Tensor x = Inputs.floats(device, 70, tokens, 64);
                            Tensor logits = Inputs.floats(device, 71, tokens, experts);
                            Tensor ids = Inputs.intsOut(device, tokens, k);
                            Tensor weights = Inputs.out(device, tokens, k);
                            var groups =
                                    new ExpertGroups(
                                            Inputs.intsOut(device, experts + 1, 1),
                                            Inputs.intsOut(device, pairs, 1),
                                            Inputs.intsOut(device, tokens, k));
                            Tensor gathered = Inputs.out(device, pairs, 64);
                            Tensor y = Inputs.out(device, pairs, 96);
                            Tensor out = Inputs.out(device, tokens, 96);
                            return prepared(
                                    enc -> {
                                        enc.moeRoute(ids, weights, logits, true);
                                        enc.moeGroup(groups, ids);
                                        enc.gatherRows(gathered, x, groups.sources());
                                        enc.moeMatmul(y, gathered, bank, groups.starts(), null);
                                        enc.moeCombine(out, y, groups.places(), weights);
                                    },
                                    out,
                                    ids);
                        }));
    }

    private static void selection(List<KernelCase> cases) {
        cases.add(
                new KernelCase(
                        "gatherRows",
                        "[4, 300]",
                        EXACT,
                        device -> {
                            Tensor out = Inputs.out(device, 4, 300);
                            Tensor x = Inputs.floats(device, 81, 9, 300);
                            Tensor rows = Inputs.ints(device, 8, 0, 3, 3);
                            return prepared(enc -> enc.gatherRows(out, x, rows), out);
                        }));
        cases.add(
                new KernelCase(
                        "feedSampled",
                        "5 tokens",
                        EXACT,
                        device -> {
                            Tensor ids = Inputs.ints(device, 5, 6, 7, 8, 9);
                            Tensor sampled = Inputs.ints(device, 11, -1, 12);
                            Tensor rows = Inputs.ints(device, 2, -1, 0, 1, 2);
                            return prepared(enc -> enc.feedSampled(ids, sampled, rows), ids);
                        }));
        cases.add(
                new KernelCase(
                        "argmax",
                        "[5, 5000]",
                        EXACT,
                        device -> {
                            Tensor out = Inputs.intsOut(device, 5, 1);
                            Tensor x = Inputs.floats(device, 82, 5, 5000);
                            return prepared(enc -> enc.argmax(out, x), out);
                        }));
        cases.add(
                new KernelCase(
                        "topK",
                        "[5, 5000], 20",
                        EXACT,
                        device -> {
                            Tensor ids = Inputs.intsOut(device, 5, 20);
                            Tensor values = Inputs.out(device, 5, 20);
                            Tensor x = Inputs.floats(device, 83, 5, 5000);
                            return prepared(enc -> enc.topK(ids, values, x), ids, values);
                        }));
        cases.add(
                new KernelCase("processLogits", "[3, 5000], 40 each", EXACT, KernelCases::edited));
        cases.add(new KernelCase("softmaxSums", "[5, 5000]", EXACT, KernelCases::summed));
        float scale = SoftmaxWeight.scale(0.8f);
        int near = SoftmaxWeight.reach(0.05f);
        int most = SoftmaxWeight.share(0.9f);
        cases.add(
                new KernelCase(
                        "sample",
                        "[5, 5000]",
                        EXACT,
                        device -> {
                            Tensor tokens = Inputs.intsOut(device, 5, 1);
                            Tensor x = Inputs.floats(device, 84, 5, 5000);
                            Tensor draws =
                                    Inputs.draws(
                                            device,
                                            Draw.LIKELIEST,
                                            new Draw(scale, SoftmaxWeight.FARTHEST, 0, 0, 1L << 62),
                                            new Draw(
                                                    scale, SoftmaxWeight.FARTHEST, 50, 0, 3L << 61),
                                            new Draw(scale, SoftmaxWeight.FARTHEST, 0, most, -7),
                                            new Draw(scale, near, 1000, most, 5L << 60));
                            return prepared(enc -> enc.sample(tokens, x, draws), tokens);
                        }));
    }

    private static Prepared summed(Device device) {
        Tensor sums = Inputs.intsOut(device, 5, 3);
        Tensor x = Inputs.floats(device, 87, 5, 5000);
        return prepared(enc -> enc.softmaxSums(sums, x), sums);
    }

    private static Prepared edited(Device device) {
        Tensor x = Inputs.floats(device, 85, 3, 5000);
        float[] amounts = Inputs.normal(86, 3 * 40 * 3);
        var edits = LogitEdits.allocate(device, 3, 3 * 40);
        for (int i = 0; i < 3 * 40; i++) {
            float repetition = 1 + (i % 7) * 0.1f;
            edits.write(
                    i,
                    i % 40 * 125,
                    amounts[3 * i],
                    repetition,
                    amounts[3 * i + 1],
                    amounts[3 * i + 2]);
        }
        for (int row = 0; row < 3; row++) {
            edits.endRow(row, 40 * (row + 1));
        }
        return prepared(enc -> enc.processLogits(x, edits), x, edits.before());
    }

    private static Matrix matrix(Device device, Weights weights) {
        return device.matrix("w", List.of(weights.source()));
    }

    private static Prepared prepared(Consumer<Encoder> ops, Tensor... outputs) {
        return new Prepared(ops, List.of(outputs));
    }
}
