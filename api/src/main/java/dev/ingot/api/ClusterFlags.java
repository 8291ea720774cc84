package dev.ingot.api;

import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.cluster.ClusterSettings.Role;
import dev.ingot.api.cluster.LinkSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The flags of `ingot serve` that are about a cluster.
final class ClusterFlags {
    static final int DEFAULT_ADMIN_PORT = 7401;

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description =
                    "all: serve alone. router: take requests for the engine nodes of a cluster."
                            + " engine: run a model for its routers (default: ${DEFAULT-VALUE}).")
    String role = "all";

    @Option(
            names = "--join",
            split = ",",
            paramLabel = "HOST:PORT",
            description =
                    "Nodes of the cluster to join, separated by commas; dns:NAME:PORT for every"
                            + " address of a name. A router without it begins a cluster.")
    List<String> join = List.of();

    @Option(
            names = "--cluster-host",
            paramLabel = "HOST",
            description =
                    "Address under which other nodes reach this one (default: ${DEFAULT-VALUE}).")
    String host = "127.0.0.1";

    @Option(
            names = "--cluster-port",
            paramLabel = "PORT",
            description =
                    "Its port, 0 for any free one (default: 7400 for a router, 0 for an engine"
                            + " node).")
    @Nullable Integer port;

    @Option(
            names = "--cluster-bind",
            paramLabel = "HOST:PORT",
            description =
                    "Where it listens for other nodes, if they reach it through another address.")
    @Nullable String bind;

    @Option(
            names = "--cluster-keys",
            paramLabel = "DIR",
            description =
                    "This node's folder of 'ingot cluster init': nodes then speak TLS and know each"
                            + " other by their keys (default: plain TCP).")
    @Nullable Path keys;

    @Option(
            names = "--admin-host",
            paramLabel = "HOST",
            description = "Where a router's admin API listens (default: ${DEFAULT-VALUE}).")
    String adminHost = "127.0.0.1";

    @Option(
            names = "--admin-port",
            paramLabel = "PORT",
            description = "Its port, 0 for any free one (default: ${DEFAULT-VALUE}).")
    int adminPort = DEFAULT_ADMIN_PORT;

    @Option(
            names = "--routing",
            paramLabel = "POLICY",
            description =
                    "How a router chooses: prefix, or round-robin to compare with (default:"
                            + " ${DEFAULT-VALUE}).")
    String routing = "prefix";

    /// The settings of a node of this role.
    ///
    /// @param grace how long running requests may take to end when the node is stopped
    /// @throws IllegalArgumentException naming the flag and what was expected
    ClusterSettings settings(Role wanted, Duration grace) {
        require(
                wanted == Role.ROUTER || !join.isEmpty(),
                "--role engine needs --join HOST:PORT: a router, or several");
        for (var each : join) {
            var place = each.startsWith("dns:") ? each.substring(4) : each;
            require(
                    place.matches(".+:[0-9]{1,5}"),
                    "--join has '" + each + "', expected HOST:PORT");
        }
        int own = port != null ? port : wanted == Role.ROUTER ? 7400 : 0;
        require(own >= 0 && own <= 65535, "--cluster-port is " + own + ", expected 0 to 65535");
        require(
                bind == null || bind.matches(".+:[0-9]{1,5}"),
                "--cluster-bind is '" + bind + "', expected HOST:PORT");
        int colon = bind == null ? -1 : bind.lastIndexOf(':');
        return new ClusterSettings(
                wanted,
                host,
                own,
                bind == null ? Optional.empty() : Optional.of(bind.substring(0, colon)),
                bind == null
                        ? Optional.empty()
                        : Optional.of(Integer.parseInt(bind.substring(colon + 1))),
                join,
                Optional.ofNullable(keys),
                LinkSettings.DEFAULT,
                grace);
    }

    private static void require(boolean valid, String otherwise) {
        if (!valid) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
