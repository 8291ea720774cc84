package dev.ingot.api.cluster;

import dev.ingot.scheduler.Engines.Wanted;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Which engine a request goes to: the one that has most of its prompt in the cache, unless that one has more than its share of
/// the work.
///
/// Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018), with the prefix cache's contents where
/// those are known and a hash where they are not.
final class RoutingPolicy {
    /// An engine may have this much more than the average before its prefixes do not count any more.
    private static final double LOAD_FACTOR = 1.25;

    private final Kind kind;
    private long turn;

    /// How engines are chosen.
    enum Kind {
        PREFIX,
        /// One after the other: only to compare with.
        ROUND_ROBIN
    }

    RoutingPolicy(Kind kind) {
        this.kind = kind;
    }

    /// An engine that may be chosen.
    ///
    /// @param inFlight sequences that it has
    /// @param capacity sequences that it may have, waiting ones included
    /// @param stepWidth sequences that it runs at once
    /// @param matchedBlocks of the prompt that its cache probably holds
    /// @param canaryPercent share of the requests that it may have; 100 for an engine like others
    record Candidate(
            String node,
            int inFlight,
            int capacity,
            int stepWidth,
            int matchedBlocks,
            String numericClass,
            int canaryPercent) {}

    /// The engine for this request; empty where all are full.
    ///
    /// @param candidates engines that serve the model now, except those that it was just lost by
    Optional<Candidate> choose(Wanted wanted, List<Candidate> candidates) {
        var open = new ArrayList<>(candidates);
        if (!wanted.admitted()) {
            open.removeIf(each -> each.inFlight() + wanted.sequences() > each.capacity());
        }
        prefer(open, each -> each.numericClass().equals(wanted.numericClass()));
        int draw = (int) Long.remainderUnsigned(mix(wanted.request()), 100);
        prefer(open, each -> each.canaryPercent() < 100 && draw < each.canaryPercent());
        prefer(open, each -> each.canaryPercent() == 100 || draw < each.canaryPercent());
        if (open.isEmpty()) {
            return Optional.empty();
        }
        if (kind == Kind.ROUND_ROBIN) {
            open.sort(Comparator.comparing(Candidate::node));
            return Optional.of(open.get((int) (turn++ % open.size())));
        }
        int total = open.stream().mapToInt(Candidate::inFlight).sum() + wanted.sequences();
        double bound = LOAD_FACTOR * total / open.size();
        prefer(
                open,
                each -> {
                    int slack = Math.max(2, each.stepWidth() / 8);
                    return each.inFlight() + wanted.sequences() <= bound + slack;
                });
        return open.stream()
                .min(
                        Comparator.comparingInt((Candidate each) -> -each.matchedBlocks())
                                .thenComparingInt(Candidate::inFlight)
                                .thenComparingLong(
                                        each -> mix(each.node().hashCode() ^ wanted.request())));
    }

    /// Leaves only those for which it holds, unless it holds for none.
    private static void prefer(
            List<Candidate> candidates, java.util.function.Predicate<Candidate> holds) {
        if (candidates.stream().anyMatch(holds)) {
            candidates.removeIf(holds.negate());
        }
    }

    /// The finisher of SplitMix64.
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
