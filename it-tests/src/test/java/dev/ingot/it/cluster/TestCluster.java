package dev.ingot.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.awaitility.Awaitility;

/// A router and engine nodes on this machine, each a process, each behind a proxy that can cut it off.
///
/// Engine node *i* speaks from the address 127.0.0.(10 + i), by which the router's proxy knows it; so this runs on Linux,
/// where all of 127/8 is there.
final class TestCluster implements AutoCloseable {
    private static final Duration JOIN = Duration.ofMinutes(2);
    private static final String ROUTER_ADDRESS = "127.0.0.9";

    private final HttpClient client = HttpClient.newHttpClient();
    private final FaultProxy toRouter;
    private final int routerPort;
    private final List<String> engineFlags;
    private final List<String> routerFlags;
    private NodeProcess router;
    private final List<NodeProcess> engines = new ArrayList<>();
    private final List<FaultProxy> toEngines = new ArrayList<>();
    private String url = "";
    private String adminUrl = "";

    private TestCluster(List<String> routerFlags, List<String> engineFlags) {
        this.engineFlags = engineFlags;
        this.routerFlags = routerFlags;
        routerPort = FreePorts.next();
        toRouter = FaultProxy.to(routerPort);
        router = launchRouter();
    }

    /// A router at the address of the one before, which has ended.
    void startRouterAgain() {
        router = launchRouter();
        awaitRouter();
    }

    private void awaitRouter() {
        url = router.awaitLog("Ready after .*: (http\\S+) routes");
        adminUrl = router.awaitLog("admin API at (\\S+)");
    }

    private NodeProcess launchRouter() {
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
                                Integer.toString(toRouter.port()),
                                "--cluster-bind",
                                "127.0.0.1:" + routerPort));
        flags.addAll(routerFlags);
        return NodeProcess.start("router", from(ROUTER_ADDRESS), flags);
    }

    static TestCluster start(int engines, List<String> routerFlags) {
        return start(engines, routerFlags, List.of());
    }

    static TestCluster start(int engines, List<String> routerFlags, List<String> engineFlags) {
        return start(Collections.nCopies(engines, List.of()), routerFlags, engineFlags);
    }

    /// All nodes at once.
    ///
    /// @param own further flags of each engine node
    static TestCluster start(
            List<List<String>> own, List<String> routerFlags, List<String> engineFlags) {
        var cluster = new TestCluster(routerFlags, engineFlags);
        own.forEach(flags -> cluster.add(List.of(), flags));
        cluster.awaitRouter();
        cluster.awaitServing(own.size());
        return cluster;
    }

    /// All nodes with the same keys.
    static TestCluster startWithKeys(int engines, Path keys) {
        var flags = List.of("--cluster-keys", keys.toString());
        return start(engines, flags, flags);
    }

    /// An engine node that is none of the cluster's own; it tries to join.
    ///
    /// @param more flags of its own
    NodeProcess stranger(String name, List<String> properties, String... more) {
        var flags =
                new ArrayList<>(
                        List.of(
                                "--role",
                                "engine",
                                "--join",
                                "127.0.0.1:" + toRouter.port(),
                                "--threads",
                                "1",
                                "--kv-cache-memory-bytes",
                                "67108864"));
        flags.addAll(List.of(more));
        return NodeProcess.start(name, properties, flags);
    }

    private static List<String> from(String address) {
        return List.of("-Dpekko.remote.artery.advanced.tcp.outbound-client-hostname=" + address);
    }

    private static String addressOf(int engine) {
        return "127.0.0." + (10 + engine);
    }

    /// Adds an engine node; it joins in its own time.
    ///
    /// @return its number
    int add(List<String> properties, List<String> flags) {
        int real = FreePorts.next();
        toEngines.add(FaultProxy.to(real));
        ports.add(real);
        ownFlags.add(flags);
        engines.add(engine(engines.size(), properties));
        return engines.size() - 1;
    }

    private final List<Integer> ports = new ArrayList<>();
    private final List<List<String>> ownFlags = new ArrayList<>();

    private NodeProcess engine(int number, List<String> properties) {
        var flags =
                new ArrayList<>(
                        List.of(
                                "--role",
                                "engine",
                                "--join",
                                "127.0.0.1:" + toRouter.port(),
                                "--cluster-port",
                                Integer.toString(toEngines.get(number).port()),
                                "--cluster-bind",
                                "127.0.0.1:" + ports.get(number),
                                "--threads",
                                "1"));
        flags.addAll(ownFlags.get(number));
        flags.addAll(engineFlags);
        if (!flags.contains("--kv-cache-memory-bytes")) {
            flags.addAll(List.of("--kv-cache-memory-bytes", "67108864"));
        }
        var all = new ArrayList<>(from(addressOf(number)));
        all.addAll(properties);
        return NodeProcess.start("engine-" + number, all, flags);
    }

    /// Starts a node again that has ended, at the same address.
    void startAgain(int number) {
        engines.set(number, engine(number, List.of()));
    }

    String nodeName(int number) {
        return "127.0.0.1:" + toEngines.get(number).port();
    }

    /// Cuts an engine node off from everybody.
    void cutOff(int number) {
        toEngines.get(number).cut(ROUTER_ADDRESS);
        for (int i = 0; i < engines.size(); i++) {
            toEngines.get(number).cut(addressOf(i));
            toEngines.get(i).cut(addressOf(number));
        }
        toRouter.cut(addressOf(number));
    }

    /// Nothing of it is heard any more, and nobody hears that it is gone.
    void powerOff(int number) {
        cutOff(number);
        engine(number).pause();
    }

    /// Cuts only what the router says to an engine node, or only what that says to the router.
    void cutOneWay(int number, boolean toEngine) {
        if (toEngine) {
            toEngines.get(number).cut(ROUTER_ADDRESS);
        } else {
            toRouter.cut(addressOf(number));
        }
    }

    void heal() {
        toRouter.heal();
        toEngines.forEach(FaultProxy::heal);
    }

    long heldBytes() {
        return toRouter.heldBytes() + toEngines.stream().mapToLong(FaultProxy::heldBytes).sum();
    }

    NodeProcess engine(int number) {
        return engines.get(number);
    }

    NodeProcess router() {
        return router;
    }

    String url() {
        return url;
    }

    String status() {
        return get(adminUrl + "/cluster");
    }

    String post(String path) {
        return send(
                HttpRequest.newBuilder(URI.create(adminUrl + path))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build());
    }

    /// Where engine nodes join.
    String routerPlace() {
        return "127.0.0.1:" + toRouter.port();
    }

    String adminUrl() {
        return adminUrl;
    }

    void awaitServing(int count) {
        Awaitility.await()
                .atMost(JOIN)
                .pollInterval(Duration.ofMillis(100))
                .conditionEvaluationListener(null)
                .until(() -> serving() == count);
    }

    int serving() {
        return status().split("\"state\":\"serving\"", -1).length - 1;
    }

    /// A metric of the router, of its first model.
    double metric(String name) {
        return metric(url, name);
    }

    /// A metric of an engine node.
    double metric(int number, String name) {
        return metric(engine(number).lastInLog("probes at (http\\S+)"), name);
    }

    private double metric(String server, String name) {
        return get(server + "/metrics")
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no metric " + name));
    }

    private String get(String address) {
        return send(HttpRequest.newBuilder(URI.create(address)).build());
    }

    private String send(HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofString()).body();
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
        router.close();
        toEngines.forEach(FaultProxy::close);
        toRouter.close();
        client.close();
    }
}
