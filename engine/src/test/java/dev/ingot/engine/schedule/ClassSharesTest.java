package dev.ingot.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sequence.PriorityClass;
import java.util.EnumMap;
import org.junit.jupiter.api.Test;

final class ClassSharesTest {
    private final ClassShares shares = new ClassShares(0.2, 0.05);

    @Test
    void theMostUrgentComesFirstWhereNothingWasServed() {
        assertThat(shares.order())
                .containsExactly(PriorityClass.HIGH, PriorityClass.NORMAL, PriorityClass.LOW);
    }

    @Test
    void whoeverHasLessThanItsShareComesBeforeTheMoreUrgent() {
        shares.charge(PriorityClass.HIGH, 1000);
        assertThat(shares.order())
                .containsExactly(PriorityClass.NORMAL, PriorityClass.LOW, PriorityClass.HIGH);
        shares.charge(PriorityClass.NORMAL, 300);
        assertThat(shares.order())
                .containsExactly(PriorityClass.LOW, PriorityClass.HIGH, PriorityClass.NORMAL);
        shares.charge(PriorityClass.LOW, 100);
        assertThat(shares.order()).containsExactly(PriorityClass.values());
    }

    @Test
    void underConstantDemandEachClassGetsItsShareAndTheMostUrgentTheRest() {
        var served = new EnumMap<PriorityClass, Long>(PriorityClass.class);
        for (int step = 0; step < 100_000; step++) {
            var next = shares.order().getFirst();
            served.merge(next, 64L, Long::sum);
            shares.charge(next, 64);
        }
        double all = 64 * 100_000;
        assertThat(served.getOrDefault(PriorityClass.LOW, 0L) / all).isBetween(0.049, 0.052);
        assertThat(served.getOrDefault(PriorityClass.NORMAL, 0L) / all).isBetween(0.199, 0.202);
    }

    @Test
    void aClassThatWasAwayCatchesUpWithItsShareOfTheLastTokensOnly() {
        shares.charge(PriorityClass.HIGH, 100 * ClassShares.WINDOW);
        int turns = 0;
        while (shares.order().getFirst() == PriorityClass.NORMAL
                || shares.isShort(PriorityClass.LOW)) {
            shares.charge(shares.order().getFirst(), 64);
            assertThat(++turns).isLessThan(100_000);
        }
    }
}
