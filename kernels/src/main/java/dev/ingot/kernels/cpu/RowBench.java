package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// What goes row by row and is no product, at the widths of Qwen3-0.6B: between the products of a layer, and behind the
/// last one.
final class RowBench {
    private static final int HIDDEN = 1024;
    private static final int INTERMEDIATE = 3072;
    private static final int HEADS = 16;
    private static final int KV_HEADS = 8;
    private static final int HEAD_DIM = 128;
    private static final int VOCABULARY = 151_936;
    private static final int EMBEDDED = 4096;
    private static final int BLOCK_SIZE = 16;
    private static final double LOGIT_DEVIATION = 2.5;
    private static final float EPSILON = 1e-6f;

    private final CpuDevice device;
    private final BenchData data;
    private final KernelClock clock;

    RowBench(CpuDevice device, BenchData data, KernelClock clock) {
        this.device = device;
        this.data = data;
        this.clock = clock;
    }

    void measure(Consumer<KernelFigure> figures) {
        for (int rows : new int[] {1, 16, 256}) {
            layer(rows, figures);
        }
        for (int rows : new int[] {1, 16}) {
            logits(rows, figures);
        }
    }

    private void layer(int rows, Consumer<KernelFigure> figures) {
        var x = data.floats(rows, HIDDEN);
        var out = data.floats(rows, HIDDEN);
        var weight = data.floats(1, HIDDEN);
        var ids = data.column(IntStream.range(0, rows).toArray());
        var embedding =
                device.matrix(
                        "embedding", List.of(BenchData.weights(DType.BF16, EMBEDDED, HIDDEN)));
        figures.accept(
                clock.ofCaches(
                        "embedding, BF16, 1024",
                        rows,
                        HIDDEN * 3L / 2,
                        enc -> enc.embed(out, embedding, ids)));
        figures.accept(
                clock.ofCaches(
                        "RMS norm, 1024",
                        rows,
                        2L * HIDDEN,
                        enc -> enc.rmsNorm(out, x, weight, EPSILON)));
        figures.accept(clock.ofCaches("sum, 1024", rows, 3L * HIDDEN, enc -> enc.add(out, x)));

        var qkv = data.floats(rows, (HEADS + 2 * KV_HEADS) * HEAD_DIM);
        var headWeight = data.floats(1, HEAD_DIM);
        var queries = qkv.columns(0, HEADS * HEAD_DIM);
        figures.accept(
                clock.ofCaches(
                        "RMS norm of 16 heads of 128",
                        rows,
                        2L * HEADS * HEAD_DIM,
                        enc -> enc.rmsNormHeads(queries, headWeight, EPSILON)));
        var frequencies = data.floats(1, HEAD_DIM / 2);
        figures.accept(
                clock.ofCaches(
                        "RoPE of 16 heads of 128",
                        rows,
                        2L * HEADS * HEAD_DIM,
                        enc -> enc.rope(queries, HEAD_DIM, ids, frequencies)));
        int blocks = Math.ceilDiv(rows, BLOCK_SIZE);
        var cache =
                device.kvCache(
                        new KvGeometry(1, KV_HEADS, HEAD_DIM, BLOCK_SIZE, blocks, DType.F16));
        int keys = KV_HEADS * HEAD_DIM;
        var k = qkv.columns(HEADS * HEAD_DIM, keys);
        var v = qkv.columns(HEADS * HEAD_DIM + keys, keys);
        figures.accept(
                clock.ofCaches(
                        "K and V of 8 heads of 128 stored, F16",
                        rows,
                        3L * keys,
                        enc -> enc.storeKv(cache, 0, k, v, ids)));

        var gateUp = data.floats(rows, 2 * INTERMEDIATE);
        var gated = data.floats(rows, INTERMEDIATE);
        figures.accept(
                clock.ofCaches(
                        "gate, 3072", rows, 3L * INTERMEDIATE, enc -> enc.swiglu(gated, gateUp)));
    }

    private void logits(int rows, Consumer<KernelFigure> figures) {
        var logits = data.floats(rows, VOCABULARY, LOGIT_DEVIATION);
        var tokens = data.ints(rows, 1);
        figures.accept(
                clock.ofCaches(
                        "likeliest of 151,936",
                        rows,
                        VOCABULARY,
                        enc -> enc.argmax(tokens, logits)));
        var ids = data.ints(rows, Encoder.MAX_TOP_K);
        var values = data.floats(rows, Encoder.MAX_TOP_K);
        figures.accept(
                clock.ofCaches(
                        "64 likeliest of 151,936",
                        rows,
                        VOCABULARY,
                        enc -> enc.topK(ids, values, logits)));
        var sums = data.ints(rows, 3);
        figures.accept(
                clock.ofCaches(
                        "softmax's sum over 151,936",
                        rows,
                        VOCABULARY,
                        enc -> enc.softmaxSums(sums, logits)));
        var any = SamplingParams.greedy(1).toBuilder().temperature(1).seed(1).build();
        figures.accept(draw("of 151,936", any, logits));
        figures.accept(
                draw(
                        "of top_k 20, top_p 0.95",
                        any.toBuilder().topK(20).topP(0.95f).build(),
                        logits));
        figures.accept(draw("of top_p 0.95", any.toBuilder().topP(0.95f).build(), logits));
        figures.accept(draw("of min_p 0.05", any.toBuilder().minP(0.05f).build(), logits));
    }

    private KernelFigure draw(String from, SamplingParams params, Tensor logits) {
        int rows = logits.rows();
        var tokens = data.ints(rows, 1);
        var draws = data.ints(rows, Draw.COLUMNS);
        var sampler = new SequenceSampler(params, 0, Tokens.NONE, Tokens.NONE, VOCABULARY);
        for (int row = 0; row < rows; row++) {
            sampler.draw(row).write(draws.contents(), row);
        }
        return clock.ofCaches(
                "a token drawn " + from,
                rows,
                VOCABULARY,
                enc -> enc.sample(tokens, logits, draws));
    }
}
