package dev.ingot.it.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/// 32 streams on three engine nodes, of which one is killed, one paused and one cut off while they run.
final class FaultRound {
    static final int NODES = 3;
    static final int STREAMS = 32;
    // Enough for the one node that is left while another comes back.
    private static final int TOKENS = 400;
    private static final Duration LONGEST = Duration.ofMinutes(3);

    private final TestCluster cluster;
    private final Load load;
    private long expectedTokens;

    FaultRound(TestCluster cluster, Load load) {
        this.cluster = cluster;
        this.load = load;
    }

    /// The answers of a run in which nothing happens.
    List<Told> undisturbed() {
        var told = Load.await(load.start(STREAMS, TOKENS));
        expectedTokens = load.tokens();
        for (var each : told) {
            if (!each.isDone()) {
                throw new IllegalStateException("an undisturbed stream broke: " + each.error());
            }
        }
        return told;
    }

    /// What is done to a node.
    enum Fault {
        KILLED(1),
        PAUSED(2),
        CUT_OFF(3);

        /// How many fifths of the tokens have come when it happens.
        private final int fifths;

        Fault(int fifths) {
            this.fifths = fifths;
        }
    }

    /// A node that was lost under the streams.
    ///
    /// @param atNanos when that was done to it
    /// @param noticedNanos when the router was seen to know
    record Loss(Fault fault, long atNanos, long noticedNanos) {
        long noticedAfterMillis() {
            return TimeUnit.NANOSECONDS.toMillis(noticedNanos - atNanos);
        }

        /// For how long the client that was worst off heard nothing because of it.
        long longestGapMillis(List<Told> told) {
            return told.stream()
                    .mapToLong(each -> each.gapMillis(atNanos, noticedNanos))
                    .max()
                    .orElse(0);
        }
    }

    /// What the clients were told, and what they did not notice.
    record Disturbed(List<Told> told, List<Loss> losses) {}

    /// The same streams while nodes are lost. Afterwards the killed node is gone and the others are back.
    ///
    /// @param killed the number of the node that is killed; the next one is paused, the one after that cut off
    Disturbed disturbed(int killed) {
        int paused = (killed + 1) % NODES;
        int cut = (killed + 2) % NODES;
        long heldBefore = cluster.heldBytes();
        var streams = load.start(STREAMS, TOKENS);
        var losses = new ArrayList<Loss>();
        losses.add(lose(streams, Fault.KILLED, () -> cluster.engine(killed).kill()));
        losses.add(lose(streams, Fault.PAUSED, () -> cluster.engine(paused).pause()));
        cluster.engine(paused).resume();
        cluster.awaitServing(2);
        losses.add(lose(streams, Fault.CUT_OFF, () -> cluster.cutOff(cut)));
        var told = Load.await(streams);
        if (cluster.heldBytes() == heldBefore) {
            throw new IllegalStateException("nobody was cut off");
        }
        cluster.heal();
        return new Disturbed(told, losses);
    }

    /// Makes a fault happen when it is its turn, and waits until the router has lost the node by it and every stream has
    /// been heard again: so what a client misses has one cause.
    private Loss lose(List<Future<Told>> streams, Fault fault, Runnable happens) {
        await(() -> load.tokens() >= fault.fifths * expectedTokens / 5 || allDone(streams));
        if (allDone(streams)) {
            throw new IllegalStateException("the streams ended before the fault");
        }
        double lost = cluster.metric("ingot:router_links_lost_total");
        double moved = cluster.metric("ingot:request_resubmissions_total");
        long at = System.nanoTime();
        happens.run();
        await(() -> cluster.metric("ingot:router_links_lost_total") > lost);
        long noticed = System.nanoTime();
        await(() -> cluster.metric("ingot:request_resubmissions_total") > moved);
        await(() -> load.allHeardSince(noticed));
        return new Loss(fault, at, noticed);
    }

    private static boolean allDone(List<Future<Told>> streams) {
        return streams.stream().allMatch(Future::isDone);
    }

    private static void await(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await().atMost(LONGEST).pollInterval(Duration.ofMillis(20)).until(condition);
    }
}
