package dev.ingot.api.cluster;

import dev.ingot.engine.kv.PrefixChain;
import dev.ingot.scheduler.CacheSalt;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Engines.AllFull;
import dev.ingot.scheduler.Engines.Answer;
import dev.ingot.scheduler.Engines.Find;
import dev.ingot.scheduler.Engines.Found;
import dev.ingot.scheduler.Engines.NoEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.slf4j.Logger;

/// Who asks for an engine gets one, waits until there is one, or is told to come back.
///
/// ```
///          a node can take it                      ──▶ Found
/// Find ──▶ none is there, or it awaits its trial   ──▶ parked, and asked again after each change
///          all are full, or too many are parked    ──▶ AllFull, with the time to come back
///          three nodes crashed of it               ──▶ NoEngine
/// ```
final class Assignment {
    /// After which a request that is on trial may as well be a slow one.
    private static final Duration LONGEST_TRIAL = Duration.ofSeconds(20);

    private static final int MOST_PARKED = 4096;
    private static final int MOST_BLOCKS_LOOKED_AT = 1024;

    private final EngineNodes nodes;
    private final RoutingPolicy policy;
    private final RouterMetrics metrics;
    private final LongSupplier nanoClock;
    private final Logger log;
    private final Map<ActorRef<Answer>, Find> parked = new LinkedHashMap<>();
    private final RetryBudget retries = new RetryBudget();
    private final CrashSuspects suspects = new CrashSuspects(LONGEST_TRIAL.toNanos());
    private final EndRate endRate = new EndRate();

    Assignment(
            EngineNodes nodes,
            RoutingPolicy policy,
            RouterMetrics metrics,
            LongSupplier nanoClock,
            Logger log) {
        this.nodes = nodes;
        this.policy = policy;
        this.metrics = metrics;
        this.nanoClock = nanoClock;
        this.log = log;
    }

    void find(Find find) {
        if (!find.wanted().admitted()) {
            if (find.left() == null) {
                retries.admitted();
            } else if (find.wasFull() && !retries.spend()) {
                refuse(find, "the cluster is full");
                return;
            }
        }
        answer(find);
    }

    /// Who asked does not wait any more.
    void forget(ActorRef<Answer> asker) {
        parked.remove(asker);
    }

    /// Requests that wait for an engine.
    int waiting() {
        return parked.size();
    }

    /// Asks again for all who wait: something has changed.
    void again() {
        for (var find : List.copyOf(parked.values())) {
            if (isGuilty(find) || !able(find).isEmpty()) {
                parked.remove(find.replyTo());
                answer(find);
            }
        }
    }

    // ------------------------------------------------------------------ what becomes of requests

    /// A sequence ended well.
    void finished() {
        endRate.finished(nanoClock.getAsLong());
    }

    /// A request that was on trial has got a token or has ended.
    void cleared(RoutedNode node, long request) {
        suspects.cleared(node.name(), request);
        again();
    }

    /// A node is lost with these requests on it.
    ///
    /// @param crashed whether one of them may be the reason
    void lost(RoutedNode node, boolean crashed, Set<Long> requests) {
        if (crashed) {
            suspects.crashed(node.name(), requests);
        } else {
            suspects.left(node.name());
        }
    }

    // ------------------------------------------------------------------ the choice

    private void answer(Find find) {
        if (isGuilty(find)) {
            metrics.convicted();
            log.error(
                    "Request {} is given up: engine nodes crash of it",
                    Long.toHexString(find.wanted().request()));
            find.replyTo()
                    .tell(
                            new NoEngine(
                                    "Three engines crashed while they computed this request.",
                                    true));
            return;
        }
        var able = able(find);
        if (able.isEmpty()) {
            if (find.wasFull() && !find.wanted().admitted()) {
                refuse(find, "the other engines are away");
            } else if (parked.size() >= MOST_PARKED) {
                refuse(find, "too many requests wait for an engine");
            } else {
                parked.put(find.replyTo(), find);
            }
            return;
        }
        var chains = new HashMap<Integer, long[]>();
        var candidates = new ArrayList<RoutingPolicy.Candidate>();
        for (var node : able) {
            candidates.add(node.candidate(chainOf(find, node, chains)));
        }
        var chosen = policy.choose(find.wanted(), candidates);
        if (chosen.isEmpty()) {
            refuse(find, "all engines are full");
            return;
        }
        metrics.routed(chosen.get().matchedBlocks() > 0);
        var node =
                able.stream()
                        .filter(each -> each.name().equals(chosen.get().node()))
                        .findFirst()
                        .orElseThrow();
        grant(find, node, chainOf(find, node, chains));
    }

    private void grant(Find find, RoutedNode node, long[] chain) {
        long now = nanoClock.getAsLong();
        long request = find.wanted().request();
        ActorRef<Engine.Command> link = node.linkOrThrow();
        node.granted(find.wanted().sequences(), chain, now);
        if (suspects.verdict(request) == CrashSuspects.Verdict.TRIAL) {
            suspects.trying(node.name(), request, now);
            LinkToEngineActor.tell(link, new LinkToEngineActor.Watch(request));
        }
        find.replyTo().tell(new Found(link, node.cardOrThrow().numericClass()));
    }

    private void refuse(Find find, String reason) {
        metrics.rejected();
        find.replyTo().tell(new AllFull(reason, endRate.timeToDrain(nodes.inFlight())));
    }

    private boolean isGuilty(Find find) {
        return suspects.verdict(find.wanted().request()) == CrashSuspects.Verdict.GUILTY;
    }

    /// The nodes that may be asked for it.
    private List<RoutedNode> able(Find find) {
        long now = nanoClock.getAsLong();
        var serving = new ArrayList<RoutedNode>();
        for (var node : nodes.all()) {
            if (node.serves(find.wanted().model())
                    && node.link() != null
                    && !node.link().equals(find.left())) {
                serving.add(node);
            }
        }
        // A node that fails again and again is still better than none.
        if (serving.stream().anyMatch(node -> node.isAllowed(now))) {
            serving.removeIf(node -> !node.isAllowed(now));
        }
        if (suspects.verdict(find.wanted().request()) == CrashSuspects.Verdict.TRIAL) {
            serving.removeIf(node -> !suspects.mayTry(node.name(), now));
        }
        return serving;
    }

    private static long[] chainOf(Find find, RoutedNode node, Map<Integer, long[]> chains) {
        return chains.computeIfAbsent(
                node.cardOrThrow().blockSize(),
                size ->
                        PrefixChain.of(
                                find.wanted().prompt(),
                                size,
                                CacheSalt.of(find.wanted().cacheSalt()),
                                MOST_BLOCKS_LOOKED_AT));
    }
}
