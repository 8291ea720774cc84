package dev.ingot.api;

import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.RequestThreads;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.IncomingConnection;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.io.Inet;
import org.apache.pekko.io.TcpSO;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.SystemMaterializer;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import scala.concurrent.duration.FiniteDuration;

/// The listener. It knows its clients by their connections, so that one that leaves is noticed at once, whether its
/// answer is streamed, whole or not begun.
public final class HttpServer {
    private static final int BACKLOG = 1024;

    private final ServerBinding binding;

    private HttpServer(ServerBinding binding) {
        this.binding = binding;
    }

    /// Listens; fails where the address cannot be bound.
    public static CompletionStage<HttpServer> start(
            ActorSystem<?> system, ServerConfig config, Routes routes) {
        var materializer = SystemMaterializer.get(system).materializer();
        return Http.get(Adapter.toClassic(system))
                .newServerAt(config.host(), config.port())
                .withSettings(settings(system, config))
                .connectionSource()
                .toMat(
                        Sink.foreach(connection -> serve(connection, routes, materializer)),
                        Keep.left())
                .run(materializer)
                .thenApply(HttpServer::new);
    }

    public InetSocketAddress address() {
        return binding.localAddress();
    }

    /// Takes no new connection, and closes those that are left after `grace`.
    public CompletionStage<Done> stop(Duration grace) {
        return binding.terminate(grace).thenApply(_ -> Done.getInstance());
    }

    private static void serve(
            IncomingConnection connection, Routes routes, Materializer materializer) {
        var client = new ClientConnection();
        connection.handleWith(
                Flow.of(HttpRequest.class)
                        .watchTermination((nothing, ended) -> {
                            RequestThreads.whenEnded(ended, client::close);
                            return nothing;
                        })
                        .mapAsync(1, request -> routes.handle(request, client)),
                materializer);
    }

    private static ServerSettings settings(ActorSystem<?> system, ServerConfig config) {
        var settings = ServerSettings.create(Adapter.toClassic(system));
        return settings
                // A kernel buffers megabytes for a client that does not read, which is the whole
                // answer: its sequence would never feel that nobody reads. With a small buffer it
                // pauses.
                .withSocketOptions(sendBuffer(config.sendBufferBytes()))
                // A cancelled response reaches its source at once instead of after 100 ms per stage
                // on the way.
                .withStreamCancellationDelay(toScala(Duration.ZERO))
                .withTimeouts(
                        settings.getTimeouts()
                                // It would answer 503 beside a request that runs on. A whole answer
                                // takes as long as it takes; what is stuck is the engine's
                                // watchdog's to say.
                                .withRequestTimeout(scala.concurrent.duration.Duration.Inf())
                                // The backstop against readers that stall for good. A whole answer
                                // sends nothing for minutes, so it is generous; streams are kept
                                // alive by their comments.
                                .withIdleTimeout(toScala(config.idleTimeout())))
                // Beyond it a client connects and hangs, probes included; who gets to run is
                // decided by the engine's queue, which says 429.
                .withMaxConnections(config.maxConnections())
                // Clients that come all at once wait here for a busy thread; beyond it they are
                // reset.
                .withBacklog(BACKLOG)
                .withTransparentHeadRequests(true)
                .withServerHeader(Optional.empty());
    }

    private static List<Inet.SocketOption> sendBuffer(int bytes) {
        return List.of(TcpSO.sendBufferSize(bytes));
    }

    private static FiniteDuration toScala(Duration duration) {
        return FiniteDuration.apply(duration.toNanos(), TimeUnit.NANOSECONDS);
    }
}
