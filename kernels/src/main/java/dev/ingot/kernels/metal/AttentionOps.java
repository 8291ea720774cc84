package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.Tensor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Dispatches attention: `attention.h`, and `flash.h` for prompts where numerics are fast. Sizes the grid by what the
/// batch's tensors hold when the op is recorded, which is before anything of the step has run.
final class AttentionOps {
    /// `SPLIT`, `TILE_ROWS`, `TILES`
    private static final int SPLIT = 128;

    private static final int TILE_ROWS = 8;
    private static final int TILES = 4;
    private static final int LANES = 32;

    /// `FLASH_ROWS`, and the threads of `FLASH_SIMDGROUPS`
    private static final int FLASH_ROWS = 16;

    private static final int FLASH_THREADS = 4 * LANES;

    /// New tokens of a sequence from which on it is a prompt for [Numerics#FAST].
    private static final int PROMPT_TOKENS = 8;

    /// Simdgroups below which splits are given simdgroups of their own: about what keeps a small GPU busy.
    private static final int FEW = 256;

    private static final int APART = 0;
    private static final int HAS_SINKS = 1;
    private static final int CAPPED = 2;

    private final StepOps step;

    AttentionOps(StepOps step) {
        this.step = step;
    }

    /// How the query rows of a step are cut.
    ///
    /// @param heads of a group in one tile
    /// @param tokens in one tile
    /// @param headTiles beside each other over all heads
    /// @param tokenTiles over all sequences
    /// @param splits of the longest sequence
    /// @param longestQuery the most new tokens of a sequence
    /// @param pairs query positions times the positions that they see, at most
    private record Cut(
            int heads,
            int tokens,
            int headTiles,
            int tokenTiles,
            int splits,
            int longestQuery,
            long pairs) {
        /// @param tileRows query rows of a tile: tokens times heads
        static Cut of(Batch batch, int group, int kvHeads, int tileRows) {
            int sequences = batch.sequences();
            int heads = Math.min(group, tileRows);
            int longestQuery = 0;
            int longest = 0;
            long pairs = 0;
            for (int s = 0; s < sequences; s++) {
                int query = query(batch, s);
                int length = intAt(batch.sequenceLengths(), s);
                longestQuery = Math.max(longestQuery, query);
                longest = Math.max(longest, length);
                pairs += (long) query * length;
            }
            int tokens = longestQuery <= 1 ? 1 : tileRows / heads;
            int tokenTiles = 0;
            for (int s = 0; s < sequences; s++) {
                tokenTiles += Math.ceilDiv(query(batch, s), tokens);
            }
            return new Cut(
                    heads,
                    tokens,
                    kvHeads * Math.ceilDiv(group, heads),
                    tokenTiles,
                    Math.ceilDiv(longest, SPLIT),
                    longestQuery,
                    pairs);
        }

        private static int query(Batch batch, int s) {
            int from = intAt(batch.queryStarts(), s);
            int to = intAt(batch.queryStarts(), s + 1);
            if (from < 0 || to < from || to > batch.positions().rows()) {
                throw new IllegalArgumentException(
                        "pagedAttention: the queries of sequence "
                                + s
                                + " are from "
                                + from
                                + " to "
                                + to);
            }
            return to - from;
        }

        private static int intAt(Tensor column, int row) {
            long at = column.byteOffset() + DType.I32.bytes((long) row * column.rowStride());
            return column.buffer().contents().get(JAVA_INT_UNALIGNED, at);
        }

        /// Rows of a tile that a kernel is made for.
        int kernelRows() {
            int rows = heads * tokens;
            return rows <= 2 ? rows : rows <= 4 ? 4 : TILE_ROWS;
        }
    }

    void attend(
            Tensor out, Tensor q, MetalKvCache cache, int layer, Attention attention, Batch batch) {
        KvGeometry geometry = cache.geometry();
        int heads = q.columns() / geometry.headDim();
        int group = heads / geometry.kvHeads();
        Cut cut = Cut.of(batch, group, geometry.kvHeads(), TILE_ROWS);
        if (cut.tokenTiles == 0 || cut.splits == 0) {
            return;
        }
        Pipeline flash = cut.longestQuery < PROMPT_TOKENS ? null : flash(cache, attention);
        if (flash != null) {
            cut = Cut.of(batch, group, geometry.kvHeads(), FLASH_ROWS);
        }
        long state = DType.F32.bytes(cache.padded() + 4L);
        long scratchBytes = (long) q.rows() * heads * cut.splits * state;
        MetalBuffer scratch = step.device().attentionScratch();
        boolean apart =
                flash == null
                        && cut.splits > 1
                        && (long) cut.tokenTiles * cut.headTiles < FEW
                        && scratchBytes <= scratch.bytes();
        long operations = 4 * cut.pairs * heads * geometry.headDim();
        long bytes =
                2 * cut.pairs / Math.max(1, cut.tokens) * cache.blockBytes() / geometry.blockSize();
        long parts =
                Math.min(step.pass().parts(bytes, operations), Math.ceilDiv(cut.tokenTiles, TILES));
        int most = Math.ceilDiv(Math.ceilDiv(cut.tokenTiles, (int) parts), TILES) * TILES;
        var o = new Operands(out, q, cache, layer, attention, batch, heads, cut, apart);
        for (int from = 0; from < cut.tokenTiles; from += most) {
            int count = Math.min(most, cut.tokenTiles - from);
            int op =
                    step.begin(
                            "pagedAttention",
                            bytes * count / cut.tokenTiles,
                            operations * count / cut.tokenTiles);
            dispatch(o, flash, scratch, op, from, count);
        }
        if (apart) {
            merge(o, scratch, scratchBytes);
        }
    }

    /// What both halves have in common.
    private record Operands(
            Tensor out,
            Tensor q,
            MetalKvCache cache,
            int layer,
            Attention attention,
            Batch batch,
            int heads,
            Cut cut,
            boolean apart) {
        FunctionConstants constants() {
            return AttentionOps.constants(attention, apart);
        }
    }

    private static FunctionConstants constants(Attention attention, boolean apart) {
        return FunctionConstants.NONE
                .with(APART, apart)
                .with(HAS_SINKS, attention.sinks() != null)
                .with(CAPPED, attention.softcap() > 0);
    }

    /// The kernel for prompts, if it may be taken.
    private @Nullable Pipeline flash(MetalKvCache cache, Attention attention) {
        if (step.device().numerics() != Numerics.FAST) {
            return null;
        }
        int padded = cache.padded();
        String name = "flash_" + (padded <= 64 ? 64 : padded <= 128 ? 128 : 256);
        Pipeline flash =
                step.device().pipeline("flash_" + type(cache), name, constants(attention, false));
        return flash.maxThreads() < FLASH_THREADS ? null : flash;
    }

    private static String type(MetalKvCache cache) {
        return cache.geometry().dtype().name().toLowerCase(Locale.ROOT);
    }

    private Pipeline tiled(Operands o) {
        return step.device()
                .pipeline(
                        "attention_" + type(o.cache),
                        "attention_" + o.cut.kernelRows() + "_" + elements(o.cache.padded()),
                        o.constants());
    }

    /// @param flash the kernel for prompts, or null for the other
    private void dispatch(
            Operands o,
            @Nullable Pipeline flash,
            MetalBuffer scratch,
            int op,
            int from,
            int count) {
        ComputePass pass = step.pass();
        Pipeline pipeline = flash == null ? tiled(o) : flash;
        pass.pipeline(pipeline);
        step.bind(0, o.out);
        step.bind(1, o.q);
        pass.buffer(2, o.cache.layers().get(o.layer), 0);
        step.bind(3, o.batch.positions());
        step.bind(4, o.batch.queryStarts());
        step.bind(5, o.batch.blockTables());
        Tensor sinks = o.attention.sinks();
        step.bind(6, sinks == null ? o.q : sinks);
        if (flash == null) {
            pass.buffer(7, scratch, 0);
        }
        KernelArguments arguments = step.arguments();
        CacheOps.cache(arguments, o.cache);
        pass.bytes(8, arguments.bytes());
        pass.bytes(9, parameters(o, op, from).bytes());
        step.bindFaults();
        if (flash != null) {
            pass.threadgroups(o.cut.headTiles, count, 1, FLASH_THREADS, 1, 1);
            return;
        }
        int simdgroups = o.apart ? 1 : Math.min(TILES, pipeline.maxThreads() / LANES);
        pass.threadgroups(
                o.cut.headTiles,
                Math.ceilDiv(count, simdgroups),
                o.apart ? o.cut.splits : 1,
                simdgroups * LANES,
                1,
                1);
    }

    private void merge(Operands o, MetalBuffer scratch, long scratchBytes) {
        ComputePass pass = step.pass();
        int op = step.begin("pagedAttention, merge", scratchBytes, scratchBytes);
        step.pipeline("attention_merge", "attention_merge", o.constants());
        step.bind(0, o.out);
        pass.buffer(1, scratch, 0);
        step.bind(2, o.batch.positions());
        Tensor sinks = o.attention.sinks();
        step.bind(3, sinks == null ? o.q : sinks);
        KernelArguments arguments = step.arguments();
        CacheOps.cache(arguments, o.cache);
        pass.bytes(4, arguments.bytes());
        pass.bytes(5, parameters(o, op, 0).bytes());
        pass.threadgroups(o.heads, o.q.rows(), 1, LANES, 1, 1);
    }

    /// Writes `AttentionParams`.
    private KernelArguments parameters(Operands o, int op, int firstTile) {
        return step.arguments()
                .put(o.heads)
                .put(o.cut.heads)
                .put(o.cut.tokens)
                .put(o.batch.sequences())
                .put(o.cut.splits)
                .put(o.attention.window())
                .put(o.q.rowStride())
                .put(o.out.rowStride())
                .put(o.batch.blockTables().rowStride())
                .put(o.batch.blockTables().columns())
                .put(o.batch.positions().rowStride())
                .put(o.batch.queryStarts().rowStride())
                .put(firstTile)
                .put(o.attention.scale())
                .put(o.attention.softcap())
                .put(op);
    }

    /// Elements of a head that a lane holds.
    private static int elements(int padded) {
        return padded <= 2 * LANES ? 2 : padded <= 4 * LANES ? 4 : 8;
    }
}
