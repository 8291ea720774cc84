package dev.ingot.api.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Pekko's configuration of a node in a cluster.
final class ClusterConfig {
    /// What holds for all nodes; the rest depends on where a node is.
    private static final String COMMON = "cluster.conf";

    /// What holds for a node without a cluster, too.
    private static final String THREADS = "/dev/ingot/api/threads.conf";

    private ClusterConfig() {}

    /// @throws UncheckedIOException if the keys cannot be read
    static Config of(ClusterSettings settings) {
        Map<String, Object> own = new HashMap<>();
        own.put("pekko.cluster.roles", List.of(settings.role().name().toLowerCase(Locale.ROOT)));
        own.put("pekko.remote.artery.canonical.hostname", settings.host());
        own.put("pekko.remote.artery.canonical.port", settings.port());
        own.put("pekko.remote.artery.bind.hostname", settings.bindHost().orElse(settings.host()));
        own.put("pekko.remote.artery.bind.port", settings.bindPort().orElse(settings.port()));
        own.put("ingot.cluster.protocol", Link.PROTOCOL);
        if (settings.role() == ClusterSettings.Role.ROUTER) {
            // Nobody computes beside them: all cores may pass tokens on.
            own.put("ingot.request-dispatcher.fork-join-executor.parallelism-factor", 1);
        }
        own.put(
                "pekko.coordinated-shutdown.phases.before-service-unbind.timeout",
                settings.drainGrace().plusSeconds(5).toMillis() + " ms");
        settings.keys()
                .ifPresent(folder -> {
                    String password;
                    try {
                        password = Files.readString(folder.resolve(ClusterKeys.PASSWORD)).strip();
                    } catch (IOException e) {
                        throw new UncheckedIOException(
                                "no keys of 'ingot cluster init' in " + folder, e);
                    }
                    var ssl = "pekko.remote.artery.ssl.config-ssl-engine.";
                    own.put("pekko.remote.artery.transport", "tls-tcp");
                    own.put(ssl + "key-store", folder.resolve(ClusterKeys.KEY_STORE).toString());
                    own.put(
                            ssl + "trust-store",
                            folder.resolve(ClusterKeys.TRUST_STORE).toString());
                    own.put(ssl + "key-store-password", password);
                    own.put(ssl + "key-password", password);
                    own.put(ssl + "trust-store-password", password);
                });
        return ConfigFactory.defaultOverrides()
                .withFallback(ConfigFactory.parseMap(own, "the command line"))
                .withFallback(ConfigFactory.parseResources(ClusterConfig.class, COMMON))
                .withFallback(ConfigFactory.parseResources(ClusterConfig.class, THREADS))
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
    }
}
