package dev.ingot.scheduler;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Requests that were in the step when a worker was lost.
///
/// Each of them runs alone in the next engine until it has got a token. The one that loses that worker too was alone
/// with it: it is condemned, and no other request loses more than the first engine to it.
final class Suspects {
    /// Requests to remember: more than any number of engines can lose before the first of them has ended.
    private static final int CAPACITY = 4096;

    private final Map<Long, Integer> losses = new HashMap<>();
    private final TreeSet<Long> byAge = new TreeSet<>();
    private final Set<Long> condemned = new HashSet<>();

    /// Who is to be watched, as an engine is told at its start.
    record Snapshot(Set<Long> suspects, Set<Long> condemned) {
        static final Snapshot NONE = new Snapshot(Set.of(), Set.of());
    }

    /// A worker was lost with these requests in its step.
    void workerLost(Set<Long> requests) {
        for (long request : requests) {
            int count = losses.merge(request, 1, Integer::sum);
            byAge.add(request);
            if (count > 1 && requests.size() == 1) {
                condemned.add(request);
            }
        }
        while (byAge.size() > CAPACITY) {
            var oldest = byAge.removeFirst();
            losses.remove(oldest);
            condemned.remove(oldest);
        }
    }

    Snapshot snapshot() {
        return new Snapshot(Set.copyOf(losses.keySet()), Set.copyOf(condemned));
    }
}
