package dev.ingot.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class DrainRateTest {
    private static final long STEP = Duration.ofMillis(100).toNanos();

    private final DrainRate rate = new DrainRate();

    @Test
    void saysASecondWhereNothingWasMeasured() {
        assertThat(rate.timeToDrain(1_000_000)).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void measuresThePromptTokensOfTheStepsThatHadSome() {
        for (int i = 0; i < 100; i++) {
            rate.computed(50, STEP);
            rate.computed(0, STEP);
        }
        assertThat(rate.tokensPerSecond()).isBetween(499.0, 501.0);
        assertThat(rate.timeToDrain(5000))
                .isBetween(Duration.ofMillis(9950), Duration.ofMillis(10050));
        assertThat(rate.timeToDrain(1)).isEqualTo(Duration.ofSeconds(1));
        assertThat(rate.timeToDrain(1_000_000_000)).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void forgetsHowItUsedToBe() {
        for (int i = 0; i < 1000; i++) {
            rate.computed(50, STEP);
        }
        for (int i = 0; i < 300; i++) {
            rate.computed(5, STEP);
        }
        assertThat(rate.tokensPerSecond()).isBetween(50.0, 60.0);
    }
}
