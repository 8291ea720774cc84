package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.kernels.parity.Data;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// How long the kernels take that are no product of matrices, at the widths of Qwen3-0.6B: what a step pays beside
/// what [KernelBench] measures.
///
/// Run like [KernelBench]. A figure is the best of many short rounds of a hundred ops each, so that starting a step
/// is not in it.
public final class RowOpsBench {
    private static final long NANOS_PER_FIGURE = 300_000_000;
    private static final int OPS = 100;
    private static final int HIDDEN = 1024;
    private static final int INTERMEDIATE = 3072;
    private static final int HEADS = 16;
    private static final int KV_HEADS = 8;
    private static final int HEAD_DIM = 128;
    private static final int VOCABULARY = 151936;
    private static final int BLOCK_SIZE = 16;

    private final CpuDevice cpu;

    private RowOpsBench(CpuDevice cpu) {
        this.cpu = cpu;
    }

    public static void main(String[] arguments) {
        int threads = arguments.length == 0 ? 0 : Integer.parseInt(arguments[0]);
        try (var cpu = CpuDevice.open(threads)) {
            System.out.println(cpu.info());
            var bench = new RowOpsBench(cpu);
            for (int rows : new int[] {1, 16, 256}) {
                bench.rows(rows);
            }
            for (int rows : new int[] {1, 16}) {
                bench.argmax(rows);
                bench.topK(rows);
                bench.sample(rows);
            }
        }
    }

    private void rows(int rows) {
        var x = random(rows, HIDDEN);
        var out = random(rows, HIDDEN);
        var weight = random(1, HIDDEN);
        var ids = Steps.column(cpu, IntStream.range(0, rows).toArray());
        report("rmsNorm", rows, 2L * HIDDEN, enc -> enc.rmsNorm(out, x, weight, 1e-6f));

        var queries = random(rows, HEADS * HEAD_DIM);
        var headWeight = random(1, HEAD_DIM);
        report(
                "rmsNormHeads",
                rows,
                2L * HEADS * HEAD_DIM,
                enc -> enc.rmsNormHeads(queries, headWeight, 1e-6f));

        var frequencies = random(1, HEAD_DIM / 2);
        report(
                "rope",
                rows,
                2L * HEADS * HEAD_DIM,
                enc -> enc.rope(queries, HEAD_DIM, ids, frequencies));

        var gateUp = random(rows, 2 * INTERMEDIATE);
        var gated = random(rows, INTERMEDIATE);
        report("swiglu", rows, 3L * INTERMEDIATE, enc -> enc.swiglu(gated, gateUp));

        report("gatherRows", rows, 2L * HIDDEN, enc -> enc.gatherRows(out, x, ids));

        var embedding = cpu.matrix("embedding", List.of(zeros(4096, HIDDEN)));
        report("embed", rows, HIDDEN * 3L / 2, enc -> enc.embed(out, embedding, ids));

        int blocks = Math.ceilDiv(rows, BLOCK_SIZE);
        var cache =
                cpu.kvCache(new KvGeometry(1, KV_HEADS, HEAD_DIM, BLOCK_SIZE, blocks, DType.F16));
        var k = random(rows, KV_HEADS * HEAD_DIM);
        report("storeKv", rows, 3L * KV_HEADS * HEAD_DIM, enc -> enc.storeKv(cache, 0, k, k, ids));
    }

    private void argmax(int rows) {
        var logits = random(rows, VOCABULARY);
        var out = Steps.column(cpu, new int[rows]);
        report("argmax", rows, VOCABULARY, enc -> enc.argmax(out, logits));
    }

    private void topK(int rows) {
        var logits = random(rows, VOCABULARY);
        var ids = Steps.ints(cpu, new int[rows][Encoder.MAX_TOP_K]);
        var values = random(rows, Encoder.MAX_TOP_K);
        report("topK", rows, VOCABULARY, enc -> enc.topK(ids, values, logits));
    }

    private void sample(int rows) {
        var logits = random(rows, VOCABULARY);
        var scaled = logits.contents();
        for (int i = 0; i < rows * VOCABULARY; i++) {
            float spread = 2.5f * scaled.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            scaled.setAtIndex(ValueLayout.JAVA_FLOAT, i, spread);
        }
        var random = SamplingParams.greedy(1).toBuilder().temperature(1).seed(1).build();
        sample("greedy", rows, logits, SamplingParams.greedy(1));
        sample("whole", rows, logits, random);
        sample("top_k 20, top_p", rows, logits, random.toBuilder().topK(20).topP(0.95f).build());
        sample("top_p", rows, logits, random.toBuilder().topP(0.95f).build());
        sample("min_p", rows, logits, random.toBuilder().minP(0.05f).build());
        var sums = Steps.ints(cpu, new int[rows][3]);
        report("softmaxSums", rows, VOCABULARY, enc -> enc.softmaxSums(sums, logits));
    }

    private void sample(String name, int rows, Tensor logits, SamplingParams params) {
        var tokens = Steps.column(cpu, new int[rows]);
        var draws = Tensor.allocate(cpu, "draws", DType.I32, rows, Draw.COLUMNS);
        var sampler = new SequenceSampler(params, 0, Tokens.NONE, Tokens.NONE, VOCABULARY);
        for (int row = 0; row < rows; row++) {
            sampler.draw(row).write(draws.contents(), row);
        }
        report(name, rows, VOCABULARY, enc -> enc.sample(tokens, logits, draws));
        if (rows == 1) {
            reportOnHost(name, sampler, logits.row(0).contents());
        }
    }

    private static void reportOnHost(String name, SequenceSampler sampler, MemorySegment row) {
        var scratch = new SamplerScratch(VOCABULARY);
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + 4 * NANOS_PER_FIGURE;
        try {
            while (System.nanoTime() < end) {
                long start = System.nanoTime();
                sampler.next(row, scratch);
                best = Math.min(best, System.nanoTime() - start);
            }
        } catch (InvalidLogitsException e) {
            throw new IllegalStateException(e);
        }
        System.out.printf(Locale.ROOT, "%-14s on the host %10.2f µs%n", name, best / 1000.0);
    }

    private Tensor random(int rows, int columns) {
        return Steps.floats(cpu, Data.rows(1, rows, columns));
    }

    private static HostTensor zeros(int rows, int columns) {
        var data = Arena.ofAuto().allocate(DType.BF16.bytes((long) rows * columns), Long.BYTES);
        return new HostTensor("w", DType.BF16, List.of((long) rows, (long) columns), data);
    }

    /// @param floats that the op reads and writes for a row, counted as 4 bytes each
    private void report(String name, int rows, long floats, Consumer<Encoder> op) {
        Consumer<Encoder> ops =
                enc -> {
                    for (int i = 0; i < OPS; i++) {
                        op.accept(enc);
                    }
                };
        Steps.run(cpu, ops);
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + NANOS_PER_FIGURE;
        while (System.nanoTime() < end) {
            long start = System.nanoTime();
            Steps.run(cpu, ops);
            best = Math.min(best, System.nanoTime() - start);
        }
        double nanos = (double) best / OPS;
        System.out.printf(
                Locale.ROOT,
                "%-14s %4d rows %10.2f µs %8.1f GB/s%n",
                name,
                rows,
                nanos / 1000,
                4.0 * floats * rows / nanos);
    }
}
