package dev.ingot.api.ops;

import dev.ingot.api.http.Call;
import dev.ingot.api.http.Responses;
import dev.ingot.api.http.Route;
import dev.ingot.scheduler.EngineStatus;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCodes;

/// `/live`, `/health`, `/ready`, `/metrics` and `/version`.
///
/// Health is truth: 200 says that tokens can be produced now. `/live` says only that the process answers, which is all
/// that a supervisor may restart it for: an engine that is starting again must not be killed for it.
public final class OpsRoutes {
    private final Supplier<EngineStatus> status;
    private final PrometheusRegistry registry;
    private final String model;
    private final String version;
    private final ExpositionFormats formats = ExpositionFormats.init();
    private final AtomicBoolean scraped = new AtomicBoolean();

    /// What `/ready` says.
    private record Readiness(EngineStatus.State state, String reason, String model, int epoch) {}

    /// @param model the name that is served, for people
    public OpsRoutes(
            Supplier<EngineStatus> status,
            PrometheusRegistry registry,
            String model,
            String version) {
        this.status = status;
        this.registry = registry;
        this.model = model;
        this.version = version;
    }

    public List<Route> routes() {
        return List.of(
                Route.get("/live", _ -> HttpResponse.create()),
                Route.get("/health", _ -> readiness()),
                Route.get("/ready", _ -> readiness()),
                Route.get("/metrics", this::metrics),
                Route.get("/version", _ -> Responses.json(Map.of("version", version))));
    }

    private HttpResponse readiness() {
        var now = status.get();
        return Responses.json(
                now.isReady() ? StatusCodes.OK : StatusCodes.SERVICE_UNAVAILABLE,
                new Readiness(now.state(), now.reason(), model, now.engineEpoch()));
    }

    private HttpResponse metrics(Call call) {
        if (scraped.compareAndSet(false, true)) {
            // The process's own: memory, threads, files, start. Whoever is never scraped starts
            // sooner without them.
            JvmMetrics.builder().register(registry);
        }
        var writer =
                formats.findWriter(
                        call.request().getHeader("Accept").map(HttpHeader::value).orElse(null));
        var body = new ByteArrayOutputStream(16 << 10);
        try {
            writer.write(body, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        ContentType type = ContentTypes.parse(writer.getContentType());
        return HttpResponse.create().withEntity(HttpEntities.create(type, body.toByteArray()));
    }
}
