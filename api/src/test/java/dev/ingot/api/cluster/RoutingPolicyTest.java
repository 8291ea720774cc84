package dev.ingot.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.cluster.RoutingPolicy.Candidate;
import dev.ingot.api.cluster.RoutingPolicy.Kind;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engines.Wanted;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RoutingPolicyTest {
    private final RoutingPolicy policy = new RoutingPolicy(Kind.PREFIX);

    private static Wanted wanted(long request, boolean admitted, String numericClass) {
        return new Wanted(request, "m", Tokens.NONE, "", 1, admitted, numericClass);
    }

    private static Candidate engine(String node, int inFlight, int matched) {
        return new Candidate(node, inFlight, 100, 16, matched, "a", 100);
    }

    private String chosen(Wanted wanted, Candidate... candidates) {
        return policy.choose(wanted, List.of(candidates)).map(Candidate::node).orElse("none");
    }

    @Test
    void prefersTheEngineThatHoldsMostOfThePrompt() {
        assertThat(chosen(wanted(1, false, ""), engine("x", 0, 1), engine("y", 2, 5)))
                .isEqualTo("y");
    }

    @Test
    void takesTheLeastLoadedWhereNobodyHoldsAnything() {
        assertThat(chosen(wanted(1, false, ""), engine("x", 3, 0), engine("y", 2, 0)))
                .isEqualTo("y");
    }

    @Test
    void aPrefixDoesNotCountOnceItsEngineHasMoreThanItsShare() {
        assertThat(chosen(wanted(1, false, ""), engine("x", 0, 0), engine("y", 40, 5)))
                .isEqualTo("x");
    }

    @Test
    void anEngineThatIsFullTakesOnlyWhatIsAdmittedAlready() {
        assertThat(chosen(wanted(1, false, ""), engine("x", 100, 9))).isEqualTo("none");
        assertThat(chosen(wanted(1, true, ""), engine("x", 100, 9))).isEqualTo("x");
    }

    @Test
    void goesOnInTheSameNumericClassWhereThatIsThere() {
        var other = new Candidate("x", 0, 100, 16, 9, "b", 100);
        assertThat(chosen(wanted(1, true, "a"), other, engine("y", 50, 0))).isEqualTo("y");
        assertThat(chosen(wanted(1, true, "c"), other)).isEqualTo("x");
    }

    @Test
    void aCanaryGetsItsShareAndNoMore() {
        var canary = new Candidate("new", 0, 1000, 16, 0, "a", 10);
        int toCanary = 0;
        for (int request = 0; request < 1000; request++) {
            if (chosen(wanted(request, false, ""), canary, engine("old", 0, 0)).equals("new")) {
                toCanary++;
            }
        }
        assertThat(toCanary).isBetween(60, 140);
    }

    @Test
    void oneRequestHasOneEngine() {
        var first = chosen(wanted(77, false, ""), engine("x", 0, 0), engine("y", 0, 0));
        assertThat(chosen(wanted(77, false, ""), engine("y", 0, 0), engine("x", 0, 0)))
                .isEqualTo(first);
    }

    @Test
    void theUsualClassIsThatOfTheMostNodesAndOfTheFirstOneWhereThatDecidesNothing() {
        assertThat(EngineNodes.usual(List.of("z", "a", "a"))).isEqualTo("a");
        assertThat(EngineNodes.usual(List.of("z", "a"))).isEqualTo("z");
        assertThat(EngineNodes.usual(List.of("a", "z", "z", "a", "m"))).isEqualTo("a");
    }
}
