package dev.ingot.api.cluster;

import dev.ingot.engine.kv.PrefixDigest;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// What a router believes to be in one engine's prefix cache: what it has sent there, corrected by what the engine says.
///
/// It may be wrong in both directions; a wrong guess costs a prefill, never a token.
final class PrefixIndex {
    /// A digest may have been on its way while this was sent.
    private static final long YOUNG_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final int most;
    private final LinkedHashMap<Long, Long> sentNanos;
    private Set<Long> said = Set.of();

    /// @param most hashes that are remembered of what was sent
    PrefixIndex(int most) {
        this.most = most;
        this.sentNanos = new LinkedHashMap<>(16, 0.75f, true);
    }

    /// A prompt with this chain was sent to the engine.
    void sent(long[] chain, long nowNanos) {
        for (long hash : chain) {
            sentNanos.put(hash, nowNanos);
        }
        var oldest = sentNanos.keySet().iterator();
        while (sentNanos.size() > most && oldest.hasNext()) {
            oldest.next();
            oldest.remove();
        }
    }

    /// The engine says what it holds.
    void said(PrefixDigest digest, long nowNanos) {
        var now = new HashSet<Long>();
        for (int i = 0; i < digest.size(); i++) {
            now.add(digest.hash(i));
        }
        said = now;
        if (digest.isComplete()) {
            sentNanos.entrySet().removeIf(entry -> nowNanos - entry.getValue() > YOUNG_NANOS);
        }
    }

    /// The engine has begun anew, with an empty cache.
    void clear() {
        sentNanos.clear();
        said = Set.of();
    }

    /// How many blocks of this chain the engine probably holds, from the first on.
    int matched(long[] chain) {
        int matched = 0;
        while (matched < chain.length && holds(chain[matched])) {
            matched++;
        }
        return matched;
    }

    private boolean holds(long hash) {
        return said.contains(hash) || sentNanos.containsKey(hash);
    }

    int size() {
        return sentNanos.size() + said.size();
    }
}
