package dev.ingot.scheduler;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.kv.BlockTableView;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class WatchdogTest {
    private static final long MILLI = 1_000_000;
    private static final long BEAT = Watchdog.INTERVAL.toNanos();

    private final Watchdog watchdog = new Watchdog(new StepCost());
    private long now;
    private long steps;

    private StepInFlight step(int tokens) {
        var slice =
                new Slice(
                        new SequenceId(1, 0),
                        Tokens.of(new int[tokens]),
                        0,
                        BlockTableView.ofBlock(0, tokens, 1),
                        null);
        return new StepInFlight(new StepPlan(++steps, List.of(slice)), List.of(), now);
    }

    private void run(int count, int tokens, long nanos) {
        for (int i = 0; i < count; i++) {
            var step = step(tokens);
            now += nanos;
            watchdog.completed(step, now);
        }
    }

    /// Beats until so much time has passed.
    private void watch(StepInFlight step, Duration time) {
        for (long end = now + time.toNanos(); now < end; ) {
            now += BEAT;
            watchdog.check(step, now);
        }
    }

    @Test
    void anOrdinaryStepThatHangsIsNoticedWithinFiveSeconds() {
        run(50, 1, 20 * MILLI);
        var step = step(1);
        watch(step, Duration.ofSeconds(3));
        assertThatThrownBy(() -> watch(step, Duration.ofSeconds(2)))
                .isInstanceOf(StepInFlight.OverdueException.class)
                .hasMessageContaining("3000 ms");
    }

    @Test
    void theFirstStepsOfAllMayTakeTheirTime() {
        assertThatCode(() -> watch(step(256), Duration.ofSeconds(500))).doesNotThrowAnyException();
        var alone = step(1);
        assertThatThrownBy(() -> watch(alone, Duration.ofSeconds(40)))
                .isInstanceOf(StepInFlight.OverdueException.class);
    }

    @Test
    void aLongPrefillIsGivenTheTimeOfItsTokens() {
        run(50, 1, 100 * MILLI); // 5.9 ms for a unit of work
        assertThatCode(() -> watch(step(2048), Duration.ofSeconds(90))).doesNotThrowAnyException();
    }

    @Test
    void theFirstStepsOfANewEngineMayTakeLonger() {
        var cost = new StepCost();
        var before = new Watchdog(cost);
        for (int i = 0; i < 50; i++) {
            var step = step(1);
            now += 20 * MILLI;
            before.completed(step, now);
        }
        var after = new Watchdog(cost);
        var step = step(1);
        for (int i = 0; i < 20; i++) {
            now += BEAT;
            after.check(step, now);
        }
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 10; i++) {
                                now += BEAT;
                                after.check(step, now);
                            }
                        })
                .isInstanceOf(StepInFlight.OverdueException.class);
    }

    @Test
    void aProcessThatStoodStillIsNoHungStep() {
        run(50, 1, 20 * MILLI);
        var step = step(1);
        watchdog.check(step, now);
        now += Duration.ofHours(8).toNanos();
        assertThatCode(() -> watchdog.check(step, now)).doesNotThrowAnyException();
        assertThatCode(() -> watch(step, Duration.ofSeconds(1))).doesNotThrowAnyException();
        assertThatThrownBy(() -> watch(step, Duration.ofSeconds(3)))
                .as("a step that hangs afterwards is noticed all the same")
                .isInstanceOf(StepInFlight.OverdueException.class);
    }

    @Test
    void aMachineThatBecomesSlowIsFollowed() {
        run(50, 1, 20 * MILLI);
        for (long millis = 20; millis <= 5000; millis *= 2) {
            run(20, 1, millis * MILLI);
        }
        assertThatCode(() -> watch(step(1), Duration.ofSeconds(15))).doesNotThrowAnyException();
    }
}
