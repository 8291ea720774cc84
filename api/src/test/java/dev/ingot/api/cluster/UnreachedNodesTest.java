package dev.ingot.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.cluster.UnreachedNodes.Node;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.pekko.actor.Address;
import org.junit.jupiter.api.Test;

final class UnreachedNodesTest {
    private static final long START = 17; // No clock begins at zero.
    private static final long HALF_SECOND = 500_000_000;

    private final UnreachedNodes unreached = new UnreachedNodes();

    private static Node engine(int age) {
        return node(age, false, true);
    }

    private static Node router(int age, boolean elder) {
        return node(age, true, elder);
    }

    private static Node node(int age, boolean router, boolean elder) {
        return new Node(new Address("pekko", "ingot", "node-" + age, 7400), router, elder, age);
    }

    private long now = START;

    /// Asked every half second from the time before until so long after the start, or a little less.
    private Set<Address> after(Duration time, List<Node> mine, List<Node> others) {
        long end = START + time.toNanos();
        while (now + HALF_SECOND < end) {
            now += HALF_SECOND;
            assertThat(unreached.toPutOut(mine, others, now)).isEmpty();
        }
        now = end;
        return unreached.toPutOut(mine, others, now);
    }

    private Set<Address> begin(List<Node> mine, List<Node> others) {
        return unreached.toPutOut(mine, others, now);
    }

    @Test
    void anEngineThatIsNotReachedIsPutOutAfterAWhile() {
        var lost = List.of(engine(1));
        assertThat(begin(lost, List.of())).isEmpty();
        assertThat(after(UnreachedNodes.PATIENCE.minusNanos(1), lost, List.of())).isEmpty();
        assertThat(after(UnreachedNodes.PATIENCE, lost, List.of()))
                .containsExactly(lost.getFirst().address());
    }

    @Test
    void whoIsReachedInBetweenHasItsWholeTimeAgain() {
        var lost = List.of(engine(1));
        assertThat(begin(lost, List.of())).isEmpty();
        assertThat(after(Duration.ofSeconds(1), List.of(), List.of())).isEmpty();
        assertThat(after(UnreachedNodes.PATIENCE, lost, List.of())).isEmpty();
    }

    /// Each sees the other one so: only the older one acts, unless it is gone.
    @Test
    void ofTwoRoutersThatDoNotReachEachOtherTheOlderOneActsFirst() {
        var younger = List.of(router(1, false));
        begin(younger, List.of());
        assertThat(after(UnreachedNodes.PATIENCE, younger, List.of())).hasSize(1);
    }

    @Test
    void anOlderRouterThatIsGoneIsPutOutByAYoungerOne() {
        var elder = List.of(router(0, true));
        begin(elder, List.of());
        assertThat(after(UnreachedNodes.PATIENCE, elder, List.of())).isEmpty();
        assertThat(after(UnreachedNodes.PATIENCE_WITH_ELDERS, elder, List.of())).hasSize(1);
    }

    @Test
    void whoSleptGivesTheOthersTheirWholeTimeAnew() {
        var lost = List.of(engine(1));
        begin(lost, List.of());
        now += Duration.ofMinutes(1).toNanos();
        assertThat(unreached.toPutOut(lost, List.of(), now)).isEmpty();
        now += UnreachedNodes.PATIENCE.toNanos() / 2;
        assertThat(unreached.toPutOut(lost, List.of(), now)).isEmpty();
        now += UnreachedNodes.PATIENCE.toNanos() / 2;
        assertThat(unreached.toPutOut(lost, List.of(), now)).hasSize(1);
    }

    @Test
    void ofTwoEnginesThatDoNotReachEachOtherTheYoungerOneIsPutOut() {
        var both = List.of(engine(1), engine(4));
        begin(List.of(), both);
        assertThat(after(UnreachedNodes.PATIENCE, List.of(), both))
                .containsExactly(both.getLast().address());
    }

    /// The one behind the cut is gone soon, and then the other is reached by all.
    @Test
    void anEngineThatOthersDoNotReachStaysWhileOneThatNobodyReachesIsPutOut() {
        var mine = List.of(engine(1));
        var others = List.of(engine(4));
        begin(mine, others);
        assertThat(after(UnreachedNodes.PATIENCE, mine, others))
                .containsExactly(mine.getFirst().address());
    }

    /// It was told so by a node that has gone silent since, which nobody knows yet.
    @Test
    void anEngineStaysOfWhichALostOneSaidThatItIsNotReached() {
        var paused = List.of(engine(4));
        var cutOff = List.of(engine(1));
        begin(List.of(), paused);
        assertThat(after(Duration.ofSeconds(2), List.of(), paused)).isEmpty();
        unreached.linkLost(now);
        assertThat(after(Duration.ofSeconds(5), List.of(), paused)).isEmpty();
        assertThat(begin(cutOff, paused)).isEmpty();
        assertThat(after(Duration.ofSeconds(8).minusNanos(1), cutOff, paused)).isEmpty();
        assertThat(after(Duration.ofSeconds(8), cutOff, paused))
                .containsExactly(cutOff.getFirst().address());
    }

    @Test
    void aLinkThatWasLostForAnotherReasonDelaysAChoiceBetweenTwoEngines() {
        var both = List.of(engine(1), engine(4));
        begin(List.of(), both);
        unreached.linkLost(now);
        assertThat(after(UnreachedNodes.DOUBT.minusNanos(1), List.of(), both)).isEmpty();
        assertThat(after(UnreachedNodes.DOUBT, List.of(), both))
                .containsExactly(both.getLast().address());
    }

    @Test
    void aRouterThatThisOneReachesIsNotItsToPutOut() {
        var routers = List.of(router(1, false), router(0, true));
        begin(List.of(), routers);
        assertThat(after(Duration.ofMinutes(1), List.of(), routers)).isEmpty();
    }
}
