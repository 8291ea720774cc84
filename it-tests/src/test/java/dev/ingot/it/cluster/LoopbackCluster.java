package dev.ingot.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Routers and engine nodes on this machine, each a process, with nothing between them.
final class LoopbackCluster implements AutoCloseable {
    private static final Duration JOIN = Duration.ofMinutes(2);

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Router> routers = new ArrayList<>();
    private final List<NodeProcess> engines = new ArrayList<>();
    private final String places;

    /// A router that takes requests.
    record Router(NodeProcess process, String url, String adminUrl) {}

    /// Starts the routers, which name each other, and returns when all take requests.
    ///
    /// @param start starts a process, given its name and the arguments of `ingot serve`
    LoopbackCluster(int routerCount, BiFunction<String, List<String>, NodeProcess> start) {
        var ports = Stream.generate(FreePorts::next).limit(routerCount).toList();
        places = String.join(",", ports.stream().map(port -> "127.0.0.1:" + port).toList());
        var processes = new ArrayList<NodeProcess>();
        for (int i = 0; i < routerCount; i++) {
            var flags =
                    new ArrayList<>(
                            List.of(
                                    "--role",
                                    "router",
                                    "--port",
                                    "0",
                                    "--admin-port",
                                    "0",
                                    "--cluster-port",
                                    ports.get(i).toString()));
            if (routerCount > 1) {
                flags.addAll(List.of("--join", places));
            }
            processes.add(start.apply("router-" + i, flags));
        }
        for (var process : processes) {
            routers.add(
                    new Router(
                            process,
                            process.awaitLog("Ready after .*: (http\\S+) routes"),
                            process.awaitLog("admin API at (\\S+)")));
        }
    }

    /// Where nodes join, as `--join` takes it.
    String places() {
        return places;
    }

    /// Takes an engine node into its care.
    void add(NodeProcess engine) {
        engines.add(engine);
    }

    Router router(int number) {
        return routers.get(number);
    }

    NodeProcess engine(int number) {
        return engines.get(number);
    }

    /// Until each router that lives has so many engine nodes.
    void awaitServing(int count) {
        Awaitility.await()
                .atMost(JOIN)
                .pollInterval(Duration.ofMillis(100))
                .until(() ->
                        routers.stream()
                                .filter(router -> router.process().isAlive())
                                .allMatch(router -> serving(router) == count));
    }

    private int serving(Router router) {
        return get(router.adminUrl() + "/cluster").body().split("\"state\":\"serving\"", -1).length
                - 1;
    }

    /// Where an engine node answers probes.
    String probes(int engine) {
        return engines.get(engine).lastInLog("probes at (http\\S+)");
    }

    /// A metric of an engine node.
    double metric(int engine, String name) {
        return metric(probes(engine), name);
    }

    /// A metric of a router, of its first model.
    double metric(Router router, String name) {
        return metric(router.url(), name);
    }

    private double metric(String server, String name) {
        return get(server + "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no metric " + name));
    }

    HttpResponse<String> get(String address) {
        try {
            return client.send(
                    HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        engines.forEach(NodeProcess::close);
        routers.forEach(router -> router.process().close());
        client.close();
    }
}
