package dev.ingot.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SoftmaxWeightTest {
    /// All distances that differ in their fraction, and the step from each whole number to the next.
    @Test
    void neverGrowsWithTheDistance() {
        long before = SoftmaxWeight.of(0);
        assertThat(before).isEqualTo(SoftmaxWeight.ONE);
        for (int distance = 1; distance <= 1 << 24; distance++) {
            long weight = SoftmaxWeight.of(distance);
            if (weight > before) {
                assertThat(weight).as("at distance %d", distance).isLessThanOrEqualTo(before);
            }
            before = weight;
        }
        for (int whole = 1; whole <= 41; whole++) {
            assertThat(SoftmaxWeight.of(whole << 24))
                    .isEqualTo(SoftmaxWeight.ONE >> whole)
                    .isLessThanOrEqualTo(SoftmaxWeight.of((whole << 24) - 1));
        }
    }

    @Test
    void isWithinItsStatedErrorOfTheExponential() {
        var random = new Random(7);
        for (int i = 0; i < 500_000; i++) {
            float temperature = (float) Math.pow(10, 4 * random.nextDouble() - 2);
            float max = (float) (20 * random.nextGaussian());
            float below = (float) (temperature * 29 * Math.pow(random.nextDouble(), 2));
            float score = max - below;
            double exponent = ((double) score - max) / temperature;
            double expected = 0x1p40 * StrictMath.exp(exponent);
            int distance = SoftmaxWeight.distance(score, max, SoftmaxWeight.scale(temperature));
            double halvings = -exponent / Math.log(2);
            double error = Math.abs(SoftmaxWeight.of(distance) - expected);
            assertThat(error)
                    .as("e^((%s - %s) / %s)", score, max, temperature)
                    .isLessThan(expected * (1.4e-7 + 1.3e-7 * halvings) + 1);
        }
    }

    @Test
    void addsUpToTheLogarithmOfTheSum() {
        var random = new Random(11);
        for (int i = 0; i < 200; i++) {
            float[] scores = new float[1 + random.nextInt(3000)];
            double spread = 10 * random.nextDouble();
            double exact = 0;
            float max = Float.NEGATIVE_INFINITY;
            for (int j = 0; j < scores.length; j++) {
                scores[j] = (float) (spread * random.nextGaussian());
                exact += StrictMath.exp(scores[j]);
                max = Math.max(max, scores[j]);
            }
            long sum = 0;
            for (float score : scores) {
                sum += SoftmaxWeight.of(SoftmaxWeight.distance(score, max, SoftmaxWeight.scale(1)));
            }
            assertThat(Math.abs(SoftmaxWeight.logSum(max, sum) - StrictMath.log(exact)))
                    .isLessThan(1e-6);
        }
    }

    @Test
    void neverGivesAHigherScoreASmallerWeight() {
        var random = new Random(8);
        for (int i = 0; i < 200; i++) {
            float temperature = (float) Math.pow(10, 4 * random.nextDouble() - 2);
            float scale = SoftmaxWeight.scale(temperature);
            float[] scores = new float[500];
            for (int j = 0; j < scores.length; j++) {
                scores[j] = (float) (temperature * 10 * random.nextGaussian());
            }
            Arrays.sort(scores);
            float max = scores[scores.length - 1];
            long before = 0;
            for (float score : scores) {
                long weight = SoftmaxWeight.of(SoftmaxWeight.distance(score, max, scale));
                assertThat(weight).isGreaterThanOrEqualTo(before);
                before = weight;
            }
            assertThat(before).isEqualTo(SoftmaxWeight.ONE);
        }
    }

    @Test
    void isNothingForWhatIsImpossible() {
        float scale = SoftmaxWeight.scale(1);
        int farthest = SoftmaxWeight.distance(Float.NEGATIVE_INFINITY, 3, scale);
        assertThat(SoftmaxWeight.of(farthest)).isZero();
        assertThat(farthest).isGreaterThan(SoftmaxWeight.FARTHEST);
        assertThat(SoftmaxWeight.distance(-Float.MAX_VALUE, Float.MAX_VALUE, scale))
                .isEqualTo(farthest);
        assertThat(SoftmaxWeight.of(SoftmaxWeight.FARTHEST)).isEqualTo(1);
        assertThat(SoftmaxWeight.of(SoftmaxWeight.FARTHEST + 1)).isZero();
    }

    @Test
    void bearsTheSmallestTemperature() {
        float scale = SoftmaxWeight.scale(Float.MIN_VALUE);
        assertThat(SoftmaxWeight.distance(2, 2, scale)).isZero();
        assertThat(SoftmaxWeight.of(SoftmaxWeight.distance(Math.nextDown(2f), 2, scale))).isZero();
    }

    @Test
    void reachesAsFarAsTheShareAllows() {
        assertThat(SoftmaxWeight.reach(0)).isEqualTo(SoftmaxWeight.FARTHEST);
        assertThat(SoftmaxWeight.reach(1)).isZero();
        assertThat(SoftmaxWeight.reach(0.5f)).isEqualTo(1 << 24);
        var random = new Random(9);
        for (int i = 0; i < 1000; i++) {
            float minP = random.nextFloat() * random.nextFloat();
            long least = (long) Math.ceil(minP * 0x1p40);
            int reach = SoftmaxWeight.reach(minP);
            assertThat(SoftmaxWeight.of(reach)).isGreaterThanOrEqualTo(least);
            assertThat(SoftmaxWeight.of(reach + 1)).isLessThan(Math.max(1, least));
        }
    }

    @Test
    void takesPartsOfTotalsExactly() {
        var random = new Random(10);
        for (int i = 0; i < 10_000; i++) {
            long total = random.nextLong() >>> (2 + random.nextInt(30));
            float p = random.nextInt(5) == 0 ? Math.nextDown(1f) : 1 - random.nextFloat();
            int share = SoftmaxWeight.share(p);
            if (p == 1) {
                assertThat(share).isZero();
                continue;
            }
            BigInteger[] product =
                    BigInteger.valueOf(total)
                            .multiply(BigInteger.valueOf(Integer.toUnsignedLong(share)))
                            .divideAndRemainder(BigInteger.ONE.shiftLeft(32));
            long up = product[0].longValueExact() + product[1].signum();
            assertThat(SoftmaxWeight.partOf(total, share)).isEqualTo(up).isLessThanOrEqualTo(total);
            assertThat(SoftmaxWeight.drawn(total, -1)).isEqualTo(Math.max(0, total - 1));
        }
        assertThat(SoftmaxWeight.share(Float.MIN_VALUE)).isEqualTo(1);
        assertThat(SoftmaxWeight.share(0.5f)).isEqualTo(1 << 31);
    }
}
