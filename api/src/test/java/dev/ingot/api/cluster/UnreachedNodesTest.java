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

    private Set<Address> after(Duration time, List<Node> mine, List<Node> others) {
        return unreached.toPutOut(mine, others, START + time.toNanos());
    }

    private Set<Address> begin(List<Node> mine, List<Node> others) {
        return after(Duration.ZERO, mine, others);
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
    void ofTwoRoutersThatDoNotReachEachOtherTheYoungerOneIsPutOut() {
        var younger = List.of(router(1, false));
        begin(younger, List.of());
        assertThat(after(UnreachedNodes.PATIENCE, younger, List.of())).hasSize(1);

        var other = new UnreachedNodes();
        var elder = List.of(router(0, true));
        assertThat(other.toPutOut(elder, List.of(), START)).isEmpty();
        long soon = START + UnreachedNodes.PATIENCE.toNanos();
        assertThat(other.toPutOut(elder, List.of(), soon)).isEmpty();
        long late = START + UnreachedNodes.PATIENCE_WITH_ELDERS.toNanos();
        assertThat(other.toPutOut(elder, List.of(), late)).hasSize(1);
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

    @Test
    void aRouterThatThisOneReachesIsNotItsToPutOut() {
        var routers = List.of(router(1, false), router(0, true));
        begin(List.of(), routers);
        assertThat(after(Duration.ofMinutes(1), List.of(), routers)).isEmpty();
    }
}
