package dev.ingot.it.cluster;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;

/// 32 streams on three engine nodes, of which one is killed, one paused and one cut off while they run.
final class FaultRound {
    static final int NODES = 3;
    static final int STREAMS = 32;
    private static final int TOKENS = 200;
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

    /// The same streams while nodes are lost. Afterwards the killed node is gone and the others are back.
    ///
    /// @param killed the number of the node that is killed; the next one is paused, the one after that cut off
    List<Told> disturbed(int killed) {
        int paused = (killed + 1) % NODES;
        int cut = (killed + 2) % NODES;
        long heldBefore = cluster.heldBytes();
        var streams = load.start(STREAMS, TOKENS);
        loseOne(streams, 1, () -> cluster.engine(killed).kill());
        loseOne(streams, 2, () -> cluster.engine(paused).pause());
        cluster.engine(paused).resume();
        cluster.awaitServing(2);
        loseOne(streams, 3, () -> cluster.cutOff(cut));
        var told = Load.await(streams);
        if (cluster.heldBytes() == heldBefore) {
            throw new IllegalStateException("nobody was cut off");
        }
        cluster.heal();
        return told;
    }

    /// Makes a fault happen when `quarter` quarters of the tokens have come, and waits until the router has lost the node by it.
    private void loseOne(List<Future<Told>> streams, int quarter, Runnable fault) {
        await(() -> load.tokens() >= quarter * expectedTokens / 5 || allDone(streams));
        if (allDone(streams)) {
            throw new IllegalStateException("the streams ended before the fault");
        }
        double lost = cluster.metric("ingot:router_links_lost_total");
        double moved = cluster.metric("ingot:request_resubmissions_total");
        fault.run();
        await(() -> cluster.metric("ingot:router_links_lost_total") > lost);
        await(() -> cluster.metric("ingot:request_resubmissions_total") > moved);
    }

    private static boolean allDone(List<Future<Told>> streams) {
        return streams.stream().allMatch(Future::isDone);
    }

    private static void await(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await().atMost(LONGEST).pollInterval(Duration.ofMillis(20)).until(condition);
    }
}
