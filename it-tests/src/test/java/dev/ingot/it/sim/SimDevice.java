package dev.ingot.it.sim;

import dev.ingot.engine.kv.BlockCopy;
import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.schedule.Slice;
import java.util.Arrays;
import java.util.List;

/// KV memory and a model of one line: what is stored at a position depends on its token and on what is stored before it,
/// and the logits on all that is stored up to there. Both are read through the block table, so a block that is aliased,
/// stale or lost shows as a wrong token. Each group of layers stores something of its own, and is seen in its window.
final class SimDevice {
    /// Logits in a row; token 0 ends a text.
    static final int VOCABULARY = 48;

    private static final long NOTHING = 0x5DEECE66DL;
    private static final long FIRST = 42;

    private final long[] memory;
    private final int blockSize;
    private final KvGroups groups;

    SimDevice(int positions, int blockSize, KvGroups groups) {
        this.blockSize = blockSize;
        this.groups = groups;
        memory = new long[positions];
        Arrays.fill(memory, NOTHING);
    }

    /// Copies whole blocks.
    void copy(List<BlockCopy> copies) {
        for (var copy : copies) {
            int from = copy.source() * blockSize;
            System.arraycopy(memory, from, memory, copy.target() * blockSize, blockSize);
        }
    }

    /// Where what a token at the end of `length` positions sees begins.
    static int firstSeen(int length, int window) {
        return window == 0 ? 0 : Math.max(0, length - window);
    }

    /// Stores all tokens of a slice.
    void store(Slice slice) {
        store(slice, slice.tokens().size());
    }

    /// Stores the first `count` tokens of a slice, as a step does that fails half way.
    void store(Slice slice, int count) {
        for (int i = 0; i < count; i++) {
            int position = slice.firstPosition() + i;
            long stored = stored(before(slice.blocks(), position), slice.tokens().get(i));
            for (int g = 0; g < groups.count(); g++) {
                memory[slice.blocks().slot(g, position)] = of(g, stored);
            }
        }
    }

    /// Makes a mess of what a slice has stored.
    void spoil(Slice slice) {
        for (int i = 0; i < slice.tokens().size(); i++) {
            for (int g = 0; g < groups.count(); g++) {
                memory[slice.blocks().slot(g, slice.firstPosition() + i)] ^= NOTHING;
            }
        }
    }

    /// The hash of what the slice's last token sees.
    long read(Slice slice) {
        long hash = FIRST;
        for (int g = 0; g < groups.count(); g++) {
            int first = firstSeen(slice.sequenceLength(), groups.windows().get(g));
            for (int position = first; position < slice.sequenceLength(); position++) {
                hash = seen(hash, memory[slice.blocks().slot(g, position)]);
            }
        }
        return hash;
    }

    /// What a group of layers stores.
    static long of(int group, long stored) {
        return group == 0 ? stored : mix(stored + group);
    }

    private long before(BlockTableView blocks, int position) {
        return position == 0 ? FIRST : memory[blocks.slot(0, position - 1)];
    }

    static long first() {
        return FIRST;
    }

    static long stored(long before, int token) {
        return mix(before + 0x9E3779B97F4A7C15L * (token + 1L));
    }

    static long seen(long hash, long stored) {
        return mix(hash ^ stored);
    }

    /// The logits that follow from what was read, between −4 and 4.
    static void logits(long hash, float[] into) {
        for (int token = 0; token < into.length; token++) {
            into[token] = (mix(hash + token) >>> 40) * 0x1p-21f - 4;
        }
    }

    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
