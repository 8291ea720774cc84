package dev.ingot.api.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How a node takes part in a cluster.
///
/// @param role what it does
/// @param host under which other nodes reach it
/// @param port under which other nodes reach it; 0 for any free one
/// @param bindHost where it listens, if that is another address
/// @param bindPort where it listens, if that is another port
/// @param join nodes to join, as `HOST:PORT`, or `dns:NAME:PORT` for all addresses of a name; empty for a router that begins a
///     cluster
/// @param keys a folder that `ingot cluster init` wrote; empty for a network that nobody else is on
/// @param drainGrace how long running sequences may take to end where the node is stopped, before they go on elsewhere
public record ClusterSettings(
        Role role,
        String host,
        int port,
        Optional<String> bindHost,
        Optional<Integer> bindPort,
        List<String> join,
        Optional<Path> keys,
        LinkSettings link,
        Duration drainGrace) {
    /// What a node does.
    public enum Role {
        /// Takes requests and names engines to them.
        ROUTER,
        /// Runs a model.
        ENGINE
    }

    public ClusterSettings {
        join = List.copyOf(join);
        if (role == Role.ENGINE && join.isEmpty()) {
            throw new IllegalArgumentException("an engine node has to be told whom to join");
        }
    }
}
