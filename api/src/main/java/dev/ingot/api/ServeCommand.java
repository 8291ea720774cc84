package dev.ingot.api;

import dev.ingot.api.builtin.BuiltInModel;
import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.console.ConsoleCommand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `ingot serve`: an OpenAI-compatible server for one model.
@Command(
        name = "serve",
        description = "Serve a model over an OpenAI-compatible HTTP API.",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Environment, where the flag is not given: VLLM_METAL_MEMORY_FRACTION"
                    + " (--gpu-memory-utilization),",
            "VLLM_METAL_BLOCK_SIZE (--block-size), VLLM_METAL_MAX_BATCH_SIZE"
                    + " (--max-num-batched-tokens),",
            "VLLM_MLX_DEVICE (--device).",
            "For models of the Hub: HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_TOKEN_PATH,"
                    + " HF_HUB_OFFLINE."
        })
final class ServeCommand extends ConsoleCommand {
    private static final List<String> ROLES = List.of("all", "router", "engine");
    private static final int DEFAULT_PORT = 8000;

    @Parameters(
            index = "0",
            arity = "0..*",
            paramLabel = "MODEL",
            description =
                    "A Hugging Face folder, a GGUF file, or a model of the Hub as"
                            + " ORG/NAME[:QUANT][@REV] (default: the built-in model). A router takes"
                            + " several.")
    private List<String> models = List.of();

    @Option(names = "--host", description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            description =
                    "Port, 0 for any free one (default: 8000; an engine node, which answers probes"
                            + " only, takes any).")
    private @Nullable Integer port;

    @Option(
            names = "--served-model-name",
            arity = "1..*",
            paramLabel = "NAME",
            description = "Names that requests may use (default: the folder's or file's name).")
    private List<String> names = List.of();

    @Mixin private WorkerFlags worker = new WorkerFlags();

    @Mixin private SchedulingFlags scheduling = new SchedulingFlags();

    @Option(
            names = "--enable-prefix-caching",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Share the KV blocks of common prefixes (default: on).")
    private boolean prefixCaching = true;

    @Option(
            names = "--shutdown-timeout",
            paramLabel = "SECONDS",
            description =
                    "How long running requests may take to end when the server is stopped (default:"
                            + " ${DEFAULT-VALUE}).")
    private int shutdownSeconds = (int) ServeSettings.DEFAULT_GRACE.toSeconds();

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            description =
                    "Seed of the seeds that are drawn for requests without one (default: random).")
    private @Nullable Long seed;

    @Mixin private ChatFlags chat = new ChatFlags();

    @Mixin private ClusterFlags cluster = new ClusterFlags();

    @Mixin private VllmFlags vllm = new VllmFlags();

    @Override
    public Integer call() {
        try {
            Start start = start();
            while (run(start)) {
                System.out.println("The cluster went on without this node: beginning anew.");
            }
            return 0;
        } catch (FoundModel.NotObtained | Node.StartException e) {
            System.err.println("ingot: " + e.getMessage());
            return 1;
        }
    }

    /// Starts a node; the same one again where its cluster went on without it.
    @FunctionalInterface
    private interface Start {
        ServingNode node() throws Node.StartException;
    }

    private Start start() {
        check(
                ROLES.contains(cluster.role),
                "--role is '" + cluster.role + "', expected all, router or engine");
        check(
                models.size() <= 1 || cluster.role.equals("router"),
                "one model, not " + models.size() + ": only a router takes several");
        requireValid(() -> vllm.check());
        var spoken = valid(chat::settings);
        if (cluster.role.equals("router")) {
            var routed = routerSettings(spoken);
            var settings = clusterSettings(ClusterSettings.Role.ROUTER);
            return () -> RouterNode.start(routed, settings);
        }
        boolean alone = cluster.role.equals("all");
        check(
                alone || !chat.areGiven(),
                "--chat-template, --tool-call-parser and --reasoning-parser are for the router,"
                        + " which speaks with the clients");
        check(!alone || cluster.join.isEmpty(), "--join needs --role router or --role engine");
        int absent = alone ? DEFAULT_PORT : 0;
        var serve = settings(port == null ? absent : port, spoken);
        if (alone) {
            return () -> Node.start(serve);
        }
        var settings = clusterSettings(ClusterSettings.Role.ENGINE);
        return () -> EngineNode.start(serve, settings);
    }

    /// @return whether to begin anew
    private static boolean run(Start start) throws Node.StartException {
        long startNanos = System.nanoTime();
        try (var node = start.node()) {
            System.out.printf(
                    "Ready after %.1f s: %s%n",
                    (System.nanoTime() - startNanos) * 1e-9, node.describe());
            return node.awaitTermination();
        }
    }

    private ClusterSettings clusterSettings(ClusterSettings.Role role) {
        return valid(() -> cluster.settings(role, Duration.ofSeconds(shutdownSeconds)));
    }

    private RouterSettings routerSettings(ChatSettings spoken) {
        int listening = port == null ? DEFAULT_PORT : port;
        check(listening >= 0 && listening <= 65535, "--port is " + port + ", expected 0 to 65535");
        check(
                List.of("prefix", "round-robin").contains(cluster.routing),
                "--routing is '" + cluster.routing + "', expected prefix or round-robin");
        check(
                names.isEmpty() || names.size() == Math.max(1, models.size()),
                "--served-model-name has "
                        + names.size()
                        + " names for "
                        + models.size()
                        + " models");
        var found = new ArrayList<FoundModel>();
        for (var each : models) {
            found.add(find(each));
        }
        if (found.isEmpty()) {
            found.add(FoundModel.at(BuiltInModel.folder()));
        }
        for (int i = 0; i < names.size(); i++) {
            found.set(i, new FoundModel(found.get(i).path(), names.get(i)));
        }
        check(
                found.size() == 1 || !chat.areGiven(),
                "--chat-template, --tool-call-parser and --reasoning-parser are for one model, not "
                        + found.size());
        found.forEach(each -> requireValid(() -> vllm.check(each.path())));
        return new RouterSettings(
                host,
                listening,
                found,
                cluster.adminHost,
                cluster.adminPort,
                cluster.routing.equals("round-robin"),
                seed == null ? OptionalLong.empty() : OptionalLong.of(seed),
                spoken);
    }

    private ServeSettings settings(int port, ChatSettings spoken) {
        check(port >= 0 && port <= 65535, "--port is " + port + ", expected 0 to 65535");
        check(
                shutdownSeconds >= 0 && shutdownSeconds <= 86_400,
                "--shutdown-timeout is " + shutdownSeconds + ", expected 0 to 86400");
        var environment = new LegacyVariables(System.getenv());
        environment
                .ignored()
                .forEach(name -> System.err.println("ingot: " + name + " means nothing here"));
        var workerFor = valid(() -> worker.settings(environment));
        int maxWaiting = valid(scheduling::maxWaiting);
        var policy = valid(scheduling::policy);
        var found =
                models.isEmpty() ? FoundModel.at(BuiltInModel.folder()) : find(models.getFirst());
        requireValid(() -> vllm.check(found.path()));
        return new ServeSettings(
                host,
                port,
                names.isEmpty() ? List.of(found.name()) : names,
                workerFor.apply(found.path()),
                maxWaiting,
                prefixCaching,
                policy,
                Duration.ofSeconds(shutdownSeconds),
                seed == null ? OptionalLong.empty() : OptionalLong.of(seed),
                spoken);
    }

    private FoundModel find(String argument) {
        return valid(() -> FoundModel.of(argument));
    }
}
