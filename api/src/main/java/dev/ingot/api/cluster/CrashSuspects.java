package dev.ingot.api.cluster;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// Requests that were on engine nodes when those crashed: finds the one that they crash of, before it has crashed all.
///
/// - Once is no suspicion: whatever a node ran goes on elsewhere at once.
/// - Who was there twice is on trial: a node tries only one such request at a time, until it has got a token there.
/// - A node that crashes during a trial convicts the one on trial, and nobody else.
///
/// So a request costs the cluster at most three nodes, and no other request is given up for it. Only crashes count, of a
/// node or of the engine in it; a node that is cut off or hangs does not.
final class CrashSuspects {
    private static final int CAPACITY = 4096;

    private final Map<Long, Integer> crashes =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Integer> eldest) {
                    return size() > CAPACITY;
                }
            };
    private final Map<String, Trial> trials = new HashMap<>();
    private final long longestTrialNanos;

    private record Trial(long request, long sinceNanos) {}

    /// What is to be done with a request.
    enum Verdict {
        /// Any node will do.
        FREE,
        /// A node that tries no other one.
        TRIAL,
        /// No node at all.
        GUILTY
    }

    /// @param longestTrialNanos after which a node may try the next one, though the last has no token yet
    CrashSuspects(long longestTrialNanos) {
        this.longestTrialNanos = longestTrialNanos;
    }

    /// A node crashed with these requests.
    void crashed(String node, Set<Long> requests) {
        var trial = trials.remove(node);
        for (long request : requests) {
            int before = crashes.getOrDefault(request, 0);
            boolean guilty = trial != null && trial.request() == request;
            crashes.put(request, guilty ? 3 : Math.max(before, Math.min(before + 1, 2)));
        }
    }

    /// A node is gone, and not by a fault of what it ran.
    void left(String node) {
        trials.remove(node);
    }

    Verdict verdict(long request) {
        return switch (crashes.getOrDefault(request, 0)) {
            case 0, 1 -> Verdict.FREE;
            case 2 -> Verdict.TRIAL;
            default -> Verdict.GUILTY;
        };
    }

    /// Whether a trial may begin on this node.
    boolean mayTry(String node, long nowNanos) {
        var trial = trials.get(node);
        return trial == null || nowNanos - trial.sinceNanos() > longestTrialNanos;
    }

    void trying(String node, long request, long nowNanos) {
        trials.put(node, new Trial(request, nowNanos));
    }

    /// The request on trial has got a token there, or has ended otherwise.
    void cleared(String node, long request) {
        var trial = trials.get(node);
        if (trial != null && trial.request() == request) {
            trials.remove(node);
        }
        crashes.remove(request);
    }
}
