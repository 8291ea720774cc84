package dev.ingot.api.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class StarvationWatchTest {
    private final ArrayDeque<Runnable> starving = new ArrayDeque<>();
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Logger logger = (Logger) LoggerFactory.getLogger(StarvationWatch.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private long seconds;

    private final StarvationWatch watch =
            new StarvationWatch(
                    Map.of("starving", starving::add, "fed", Runnable::run),
                    registry,
                    () -> TimeUnit.SECONDS.toNanos(seconds));

    @BeforeEach
    void listen() {
        logger.setAdditive(false);
        logger.addAppender(logged);
        logged.start();
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(logged);
        logger.setAdditive(true);
    }

    private double waited(String pool) {
        return registry.scrape(name -> name.equals("ingot:pool_wait_seconds")).stream()
                .flatMap(metric -> ((GaugeSnapshot) metric).getDataPoints().stream())
                .filter(point -> pool.equals(point.getLabels().get("pool")))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    private List<String> told() {
        return logged.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void tellsHowLongATaskHasWaitedSoFarAndHowLongTheLastOneDid() {
        watch.look();
        seconds = 3;
        assertThat(waited("starving")).isCloseTo(3, within(1e-6));
        assertThat(waited("fed")).isZero();
        watch.look();
        assertThat(starving).as("one waits at a time").hasSize(1);
        seconds = 5;
        starving.remove().run();
        seconds = 6;
        assertThat(waited("starving")).isCloseTo(5, within(1e-6));
    }

    @Test
    void logsAPoolWithoutThreadsOnceAndWhenItHasThemAgain() {
        watch.look();
        assertThat(told()).isEmpty();
        for (seconds = 2; seconds <= 6; seconds += 2) {
            watch.look();
        }
        assertThat(told()).hasSize(1).first().asString().contains("pool starving").contains("2 s");
        starving.remove().run();
        watch.look();
        assertThat(told()).hasSize(2).last().asString().contains("threads again, after 8 s");
        starving.remove().run();
        watch.look();
        assertThat(told()).hasSize(2);
    }

    @Test
    void aPoolThatHasEndedIsNotStarving() {
        var ended =
                new StarvationWatch(
                        Map.of(
                                "ended",
                                _ -> {
                                    throw new RejectedExecutionException();
                                }),
                        new PrometheusRegistry(),
                        () -> 0);
        ended.look();
        ended.look();
        assertThat(told()).isEmpty();
    }
}
