package dev.ingot.engine.schedule;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// Which tenant has its turn: the one that has got least, by a virtual counter of tokens (Sheng et al., "Fairness in Serving
/// Large Language Models", 2024).
///
/// A tenant that comes, or comes back, starts no lower than those stand that wait now: nobody saves up a claim by being
/// away. An output token counts twice, a prompt token that the prefix cache has spared not at all.
final class TenantShares {
    static final long PROMPT_TOKEN = 1;
    static final long OUTPUT_TOKEN = 2;

    /// Tenants whose counters are remembered while they have nothing to do.
    private static final int MOST_REMEMBERED = 4096;

    private final Map<String, Long> counters = new HashMap<>();
    private String lastCharged = "";

    /// What the tenant has got so far, or counts as having got.
    long counter(String tenant) {
        return counters.getOrDefault(tenant, 0L);
    }

    /// The tenant has got what is worth `cost`.
    void charge(String tenant, long cost) {
        counters.merge(tenant, cost, Long::sum);
        lastCharged = tenant;
    }

    /// The tenant begins to wait, beside these others.
    void arrive(String tenant, Collection<String> waiting) {
        long least = waiting.isEmpty() ? counter(lastCharged) : Long.MAX_VALUE;
        for (String other : waiting) {
            least = Math.min(least, counter(other));
        }
        if (counters.size() >= MOST_REMEMBERED) {
            // Who counts for less than a newcomer does may as well be one.
            long newcomer = least;
            counters.entrySet()
                    .removeIf(each ->
                            !waiting.contains(each.getKey()) && each.getValue() <= newcomer);
        }
        if (counters.size() >= 2 * MOST_REMEMBERED) {
            // More names than a server has tenants: somebody makes them up.
            counters.keySet().retainAll(waiting);
        }
        counters.merge(tenant, least, Math::max);
    }
}
