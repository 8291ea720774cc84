package dev.ingot.kernels.metal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class WorkBudgetTest {
    private static final double MILLI = 1e6;

    private final WorkBudget budget = new WorkBudget(100_000_000);

    @Test
    void anOpIsExpectedToTakeItsMemoryAndItsArithmeticAndALittleForItself() {
        double nothing = WorkBudget.nominalNanos(0, 0);
        assertThat(nothing).isPositive().isLessThan(0.1 * MILLI);
        assertThat(WorkBudget.nominalNanos(50_000_000, 0) - nothing)
                .isCloseTo(1 * MILLI, within(1.0));
        assertThat(WorkBudget.nominalNanos(0, 1_000_000_000) - nothing)
                .isCloseTo(1 * MILLI, within(1.0));
    }

    @Test
    void whatFitsIsWhatTheAimAllows() {
        assertThat(budget.fits(100 * MILLI)).isTrue();
        assertThat(budget.fits(101 * MILLI)).isFalse();
        assertThat(budget.parts(1 * MILLI)).isEqualTo(1);
        assertThat(budget.parts(250 * MILLI)).isEqualTo(3);
    }

    @Test
    void aSlowBufferCountsAtOnceAndAFastOneLittleByLittle() {
        budget.learn(10 * MILLI, 50 * MILLI);
        assertThat(budget.factor()).isEqualTo(5);
        assertThat(budget.fits(21 * MILLI)).isFalse();
        budget.learn(50 * MILLI, 50 * MILLI);
        assertThat(budget.factor()).isEqualTo(4.5);
        for (int i = 0; i < 100; i++) {
            budget.learn(50 * MILLI, 25 * MILLI);
        }
        assertThat(budget.factor()).isCloseTo(0.5, within(1e-3));
    }

    @Test
    void aShortBufferTeachesNothing() {
        budget.learn(0.001 * MILLI, 0.9 * MILLI);
        budget.learn(0, 90 * MILLI);
        assertThat(budget.factor()).isEqualTo(1);
    }
}
