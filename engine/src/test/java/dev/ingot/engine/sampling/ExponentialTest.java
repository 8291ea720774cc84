package dev.ingot.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ExponentialTest {
    @Test
    void agreesWithStrictMathToAFewUnitsInTheLastPlace() {
        var random = new Random(3);
        for (int i = 0; i < 200_000; i++) {
            double x = -Math.pow(10, -6 + 8.8 * random.nextDouble());
            if (x >= -690) {
                double expected = StrictMath.exp(x);
                assertThat(Math.abs(Exponential.exp(x) - expected) / expected)
                        .as("e^%s", x)
                        .isLessThan(1e-15);
            }
        }
    }

    @Test
    void isExactAtZeroAndVanishesAtTheEnd() {
        assertThat(Exponential.exp(0.0)).isEqualTo(1);
        assertThat(Exponential.exp(-0.0)).isEqualTo(1);
        assertThat(Exponential.exp(-690)).isPositive();
        assertThat(Exponential.exp(-690.1)).isZero();
        assertThat(Exponential.exp(Double.NEGATIVE_INFINITY)).isZero();
    }
}
