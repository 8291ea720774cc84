package dev.ingot.engine.kv;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Full blocks by what they contain: the tokens of the block, after the block before, under a tenant's salt.
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

    /// A known block, or ([#root]) the beginning of all sequences of a salt.
    ///
    /// @param number never given to another entry
    /// @param block −1 for a root
    record Entry(long number, long chainHash, int block, Key key) {}

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
        return new Entry(0, PrefixHash.mix(salt), -1, new Key(0, salt, 0, new int[0]));
    }

    int size() {
        return byContents.size();
    }

    /// The block with these tokens after `parent`, if its contents are known.
    @Nullable Entry find(Entry parent, int[] tokens) {
        return byContents.get(key(parent, tokens));
    }

    /// Makes `block` known by its contents, unless another block with the same contents is known already: then that
    /// one's entry is returned and `block` stays private to its sequence.
    ///
    /// @param tokens from now on owned by the cache
    Entry publish(Entry parent, int[] tokens, int block) {
        Key key = key(parent, tokens);
        Entry known = byContents.get(key);
        if (known != null) {
            return known;
        }
        if (byBlock[block] != null) {
            throw new IllegalStateException("block " + block + " is published with other contents");
        }
        Entry entry = new Entry(nextNumber++, key.chainHash, block, key);
        byContents.put(key, entry);
        byBlock[block] = entry;
        return entry;
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

    /// Forgets what `block` contains.
    ///
    /// @return whether it was known
    boolean forget(int block) {
        Entry entry = byBlock[block];
        if (entry == null) {
            return false;
        }
        byBlock[block] = null;
        byContents.remove(entry.key());
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
                if (entry.block() != block || !entry.equals(byContents.get(entry.key()))) {
                    throw new IllegalStateException(
                            "block " + block + " is filed as " + entry.block());
                }
            }
        }
        if (known != byContents.size()) {
            throw new IllegalStateException(
                    known + " published blocks, " + byContents.size() + " contents");
        }
    }
}
