package dev.ingot.engine.kv;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Full blocks by what they contain: the tokens of the block, after the block before, under a tenant's salt. A run of
/// positions has a block for each group of layers; those of groups with a window may be overwritten before the first
/// group's.
///
/// Two blocks are the same only if their tokens are, and the blocks before them, up to the salt. Which block comes
/// before is told by its entry's number, which is never given out twice: a block whose predecessor was evicted cannot be
/// found any more, not even after another block took the predecessor's place.
final class PrefixCache {
    private final PrefixHash hash;
    private final Map<Key, Entry> byContents = new HashMap<>();
    private final @Nullable Entry[] byBlock;
    private long nextNumber = 1;

    PrefixCache(int blockCount, PrefixHash hash) {
        this.hash = hash;
        this.byBlock = new @Nullable Entry[blockCount];
    }

    /// What is known of a run of positions, or ([#root]) the beginning of all sequences of a salt.
    static final class Entry {
        private static final int NONE = -1;

        private final long number;
        private final long chainHash;
        private final Key key;

        /// One for each group of layers; [#NONE] where the group's was overwritten.
        private final int[] blocks;

        private Entry(long number, long chainHash, Key key, int[] blocks) {
            this.number = number;
            this.chainHash = chainHash;
            this.key = key;
            this.blocks = blocks;
        }

        /// Never given to another entry.
        long number() {
            return number;
        }

        long chainHash() {
            return chainHash;
        }

        Key key() {
            return key;
        }

        boolean has(int group) {
            return blocks[group] != NONE;
        }

        /// The group's block; what it says means nothing unless the entry [has][#has] one.
        int block(int group) {
            return Math.max(0, blocks[group]);
        }
    }

    /// What a block contains. Equal keys have equal contents; equal hashes alone say nothing.
    static final class Key {
        private final long parent;
        private final long salt;
        private final long chainHash;
        private final int[] tokens;

        Key(long parent, long salt, long chainHash, int[] tokens) {
            this.parent = parent;
            this.salt = salt;
            this.chainHash = chainHash;
            this.tokens = tokens;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key that
                    && parent == that.parent
                    && salt == that.salt
                    && Arrays.equals(tokens, that.tokens);
        }

        @Override
        public int hashCode() {
            return Long.hashCode(chainHash);
        }
    }

    /// Where every prefix of this salt begins.
    Entry root(long salt) {
        return new Entry(0, PrefixHash.mix(salt), new Key(0, salt, 0, new int[0]), new int[0]);
    }

    int size() {
        return byContents.size();
    }

    /// The block with these tokens after `parent`, if its contents are known.
    @Nullable Entry find(Entry parent, int[] tokens) {
        return byContents.get(key(parent, tokens));
    }

    /// Makes blocks known by their contents, unless others with the same contents are known already: then the entry of
    /// those is returned, and it takes from the given ones only what it has lost.
    ///
    /// @param tokens from now on owned by the cache
    /// @param blocks one for each group
    Entry publish(Entry parent, int[] tokens, int[] blocks) {
        Key key = key(parent, tokens);
        Entry entry = byContents.get(key);
        if (entry == null) {
            int[] none = new int[blocks.length];
            Arrays.fill(none, Entry.NONE);
            entry = new Entry(nextNumber++, key.chainHash, key, none);
            byContents.put(key, entry);
        }
        for (int group = 0; group < blocks.length; group++) {
            if (!entry.has(group)) {
                file(entry, group, blocks[group]);
            }
        }
        return entry;
    }

    private void file(Entry entry, int group, int block) {
        if (byBlock[block] != null) {
            throw new IllegalStateException("block " + block + " is published with other contents");
        }
        entry.blocks[group] = block;
        byBlock[block] = entry;
    }

    PrefixDigest digest(int most) {
        var hashes = new long[Math.min(most, byContents.size())];
        int i = 0;
        for (var key : byContents.keySet()) {
            if (i == hashes.length) {
                break;
            }
            hashes[i++] = key.chainHash;
        }
        return PrefixDigest.of(hashes, hashes.length == byContents.size());
    }

    boolean contains(int block) {
        return byBlock[block] != null;
    }

    /// Whether this entry is the one of `block`.
    boolean contains(Entry entry, int block) {
        Entry known = byBlock[block];
        return known != null && known.number() == entry.number();
    }

    /// Forgets what `block` contains. Without the first group's block nobody finds the others: they are forgotten, too.
    ///
    /// @param others is told of these
    /// @return whether it was known
    boolean forget(int block, IntConsumer others) {
        Entry entry = byBlock[block];
        if (entry == null) {
            return false;
        }
        byBlock[block] = null;
        if (entry.blocks[0] != block) {
            for (int group = 1; group < entry.blocks.length; group++) {
                if (entry.blocks[group] == block) {
                    entry.blocks[group] = Entry.NONE;
                }
            }
            return true;
        }
        byContents.remove(entry.key());
        for (int group = 1; group < entry.blocks.length; group++) {
            if (entry.has(group)) {
                byBlock[entry.blocks[group]] = null;
                others.accept(entry.blocks[group]);
                entry.blocks[group] = Entry.NONE;
            }
        }
        return true;
    }

    private Key key(Entry parent, int[] tokens) {
        return new Key(
                parent.number(), parent.key().salt, hash.next(parent.chainHash(), tokens), tokens);
    }

    /// @throws IllegalStateException if the two ways to an entry disagree
    void checkInvariants() {
        int known = 0;
        for (int block = 0; block < byBlock.length; block++) {
            Entry entry = byBlock[block];
            if (entry != null) {
                known++;
                boolean listed = false;
                for (int each : entry.blocks) {
                    listed |= each == block;
                }
                if (!listed || byContents.get(entry.key()) != entry) {
                    throw new IllegalStateException(
                            "block " + block + " is filed as " + Arrays.toString(entry.blocks));
                }
            }
        }
        int listed = 0;
        for (Entry entry : byContents.values()) {
            if (!entry.has(0)) {
                throw new IllegalStateException("a prefix without a block of the first group");
            }
            for (int each : entry.blocks) {
                listed += each == Entry.NONE ? 0 : 1;
            }
        }
        if (known != listed) {
            throw new IllegalStateException(
                    known + " published blocks, " + listed + " blocks of prefixes");
        }
    }
}
