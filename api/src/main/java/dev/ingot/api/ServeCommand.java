package dev.ingot.api;

import dev.ingot.api.builtin.BuiltInModel;
import dev.ingot.api.cluster.ClusterSettings;
import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.worker.WorkerSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Supplier;
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
    private static final Map<String, DType> KV_TYPES =
            Map.of(
                    "auto", WorkerSettings.DEFAULT_KV_TYPE,
                    "float16", DType.F16,
                    "bfloat16", DType.BF16,
                    "int8", DType.I8,
                    "float32", DType.F32);
    private static final List<String> ROLES = List.of("all", "router", "engine");
    private static final int DEFAULT_PORT = 8000;
    private static final List<String> DEVICES = List.of("auto", "cpu", "metal");
    private static final List<String> QUANTIZED = List.of("4bit", "8bit");

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

    @Option(names = "--device", description = "auto, cpu or metal (default: auto).")
    private @Nullable String device;

    @Option(
            names = "--served-model-name",
            arity = "1..*",
            paramLabel = "NAME",
            description = "Names that requests may use (default: the folder's or file's name).")
    private List<String> names = List.of();

    @Option(
            names = "--max-model-len",
            paramLabel = "TOKENS",
            converter = TokenCount.class,
            description =
                    "Prompt and output of one sequence together, as 4096 or 32K (default: the"
                            + " model's own, if memory holds it).")
    private @Nullable Integer maxModelLength;

    @Option(
            names = "--max-num-seqs",
            paramLabel = "N",
            description = "Sequences in one step (default: ${DEFAULT-VALUE}).")
    private int maxSequences = WorkerSettings.DEFAULT_MAX_SEQUENCES;

    @Option(
            names = "--max-num-batched-tokens",
            paramLabel = "TOKENS",
            converter = TokenCount.class,
            description =
                    "Tokens in one step: a prompt is prefilled in chunks of at most this (default: "
                            + WorkerSettings.DEFAULT_MAX_STEP_TOKENS
                            + ").")
    private @Nullable Integer maxStepTokens;

    @Option(
            names = "--max-num-queued-seqs",
            paramLabel = "N",
            description =
                    "Sequences that wait before requests are refused with 429 (default:"
                            + " ${DEFAULT-VALUE}).")
    private int maxWaiting = 1024;

    @Option(
            names = "--max-num-queued-tokens",
            paramLabel = "TOKENS",
            description =
                    "Prompt tokens that wait to be computed before requests are refused with 429"
                            + " (default: ${DEFAULT-VALUE}).")
    private long maxQueuedTokens = SchedulingPolicy.DEFAULT.maxQueuedTokens();

    @Option(
            names = "--max-queue-seconds",
            paramLabel = "SECONDS",
            description =
                    "How long a request may wait for its first turn before it is ended with 503"
                            + " (default: any time).")
    private double maxQueueSeconds;

    @Option(
            names = "--reserved-shares",
            paramLabel = "NORMAL,LOW",
            split = ",",
            arity = "1",
            description =
                    "Shares of the computed tokens that requests of priority 0, and those above 0,"
                            + " get whatever more urgent ones want (default: 0.2,0.05).")
    private double[] reservedShares = {
        SchedulingPolicy.DEFAULT.normalShare(), SchedulingPolicy.DEFAULT.lowShare()
    };

    @Option(
            names = "--long-prefill-token-threshold",
            paramLabel = "TOKENS",
            description =
                    "A longer prompt is prefilled, while others decode, no faster than"
                            + " --long-prefill-stretch lets it (default: ${DEFAULT-VALUE}).")
    private int longPromptTokens = SchedulingPolicy.DEFAULT.longPromptTokens();

    @Option(
            names = "--long-prefill-stretch",
            paramLabel = "FACTOR",
            description =
                    "How many times as long a long prompt may make a step of the others' decodes"
                            + " (default: ${DEFAULT-VALUE}).")
    private double stretch = SchedulingPolicy.DEFAULT.stretch();

    @Option(
            names = "--prefill-stretch",
            paramLabel = "FACTOR",
            description =
                    "The same for all prompts together, short ones too (default:"
                            + " ${DEFAULT-VALUE}).")
    private double stretchOfAll = SchedulingPolicy.DEFAULT.stretchOfAll();

    @Option(
            names = "--block-size",
            paramLabel = "TOKENS",
            description =
                    "Positions in one KV block (default: "
                            + WorkerSettings.DEFAULT_BLOCK_SIZE
                            + ").")
    private @Nullable Integer blockSize;

    @Option(
            names = "--gpu-memory-utilization",
            paramLabel = "FRACTION",
            description =
                    "Share of the device's memory that weights, activations and KV cache may take"
                            + " together, from 0 to 1 (default: all that fits, the KV cache within its"
                            + " own limit).")
    private @Nullable Double memoryFraction;

    @Option(
            names = "--kv-cache-dtype",
            paramLabel = "TYPE",
            description =
                    "How K and V are stored: auto, float16, bfloat16, int8 or float32 (default:"
                            + " ${DEFAULT-VALUE}, which is float16).")
    private String kvCacheType = "auto";

    @Option(
            names = "--kv-cache-memory-bytes",
            paramLabel = "BYTES",
            description =
                    "Memory for the KV cache (default: what the limits need, at most 4 GiB and 40"
                            + " %% of what is free).")
    private @Nullable Long kvCacheBytes;

    @Option(
            names = "--enable-prefix-caching",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Share the KV blocks of common prefixes (default: on).")
    private boolean prefixCaching = true;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that compute on the CPU (default: one per core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--quantize",
            paramLabel = "4bit|8bit",
            description =
                    "Quantize weights that the checkpoint holds in full when they are loaded"
                            + " (default: use them as they are).")
    private @Nullable String quantize;

    @Option(
            names = "--numerics",
            paramLabel = "exact|fast",
            description =
                    "exact: the same request gives the same tokens in any company. fast: on metal"
                            + " the fastest kernels for as many rows as there are, on which its tokens"
                            + " may depend then; on the CPU activations are rounded to bf16 for weights"
                            + " in bf16, where that is faster (default: ${DEFAULT-VALUE}).")
    private String numerics = "exact";

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
        var environment = new LegacyVariables(System.getenv());
        int maxStepTokens;
        int blockSize;
        OptionalDouble memoryFraction;
        String device;
        environment
                .ignored()
                .forEach(name -> System.err.println("ingot: " + name + " means nothing here"));
        try {
            device = this.device != null ? this.device : environment.device().orElse("auto");
            maxStepTokens =
                    this.maxStepTokens != null
                            ? this.maxStepTokens
                            : environment
                                    .maxBatchTokens()
                                    .orElse(WorkerSettings.DEFAULT_MAX_STEP_TOKENS);
            blockSize =
                    this.blockSize != null
                            ? this.blockSize
                            : environment.blockSize().orElse(WorkerSettings.DEFAULT_BLOCK_SIZE);
            memoryFraction =
                    this.memoryFraction != null
                            ? OptionalDouble.of(this.memoryFraction)
                            : environment.memoryFraction();
        } catch (IllegalArgumentException e) {
            throw wrong(e);
        }
        check(
                memoryFraction.isEmpty()
                        || (memoryFraction.getAsDouble() > 0 && memoryFraction.getAsDouble() <= 1),
                "--gpu-memory-utilization is " + memoryFraction + ", expected above 0, at most 1");
        check(
                KV_TYPES.containsKey(kvCacheType),
                "--kv-cache-dtype is '"
                        + kvCacheType
                        + "', expected auto, float16, bfloat16, int8 or float32"
                        + (kvCacheType.startsWith("fp8") ? "; int8 takes as much as fp8" : ""));
        check(port >= 0 && port <= 65535, "--port is " + port + ", expected 0 to 65535");
        check(
                DEVICES.contains(device),
                "--device is '" + device + "', expected auto, cpu or metal");
        check(
                maxModelLength == null || maxModelLength >= 2,
                "--max-model-len is " + maxModelLength + ", expected at least 2");
        check(
                maxSequences >= 1 && maxSequences <= 4096,
                "--max-num-seqs is " + maxSequences + ", expected 1 to 4096");
        check(
                maxStepTokens >= maxSequences && maxStepTokens <= 65536,
                "--max-num-batched-tokens is "
                        + maxStepTokens
                        + ", expected --max-num-seqs ("
                        + maxSequences
                        + ") to 65536");
        check(maxWaiting >= 1, "--max-num-queued-seqs is " + maxWaiting + ", expected at least 1");
        check(
                shutdownSeconds >= 0 && shutdownSeconds <= 86_400,
                "--shutdown-timeout is " + shutdownSeconds + ", expected 0 to 86400");
        var policy = policy();
        check(
                blockSize >= 1 && blockSize <= 1024,
                "--block-size is " + blockSize + ", expected 1 to 1024");
        check(
                kvCacheBytes == null || kvCacheBytes > 0,
                "--kv-cache-memory-bytes is " + kvCacheBytes + ", expected more than 0");
        check(threads >= 1 && threads <= 1024, "--threads is " + threads + ", expected 1 to 1024");
        check(
                quantize == null || QUANTIZED.contains(quantize),
                "--quantize is '" + quantize + "', expected 4bit or 8bit");
        var found =
                models.isEmpty() ? FoundModel.at(BuiltInModel.folder()) : find(models.getFirst());
        requireValid(() -> vllm.check(found.path()));
        var worker =
                new WorkerSettings(
                        found.path(),
                        device,
                        threads,
                        maxModelLength == null
                                ? OptionalInt.empty()
                                : OptionalInt.of(maxModelLength),
                        maxSequences,
                        maxStepTokens,
                        blockSize,
                        kvCacheBytes == null ? OptionalLong.empty() : OptionalLong.of(kvCacheBytes),
                        memoryFraction,
                        typeOf(kvCacheType),
                        weightLoading(),
                        numerics());
        return new ServeSettings(
                host,
                port,
                names.isEmpty() ? List.of(found.name()) : names,
                worker,
                maxWaiting,
                prefixCaching,
                policy,
                Duration.ofSeconds(shutdownSeconds),
                seed == null ? OptionalLong.empty() : OptionalLong.of(seed),
                spoken);
    }

    private SchedulingPolicy policy() {
        check(
                maxQueueSeconds >= 0 && maxQueueSeconds <= 1e6,
                "--max-queue-seconds is " + maxQueueSeconds + ", expected 0 to 1000000");
        check(
                reservedShares.length == 2,
                "--reserved-shares has "
                        + reservedShares.length
                        + " numbers, expected 2: of the normal and of the low class");
        return valid(() ->
                new SchedulingPolicy(
                        maxQueuedTokens,
                        Duration.ofMillis(Math.round(1e3 * maxQueueSeconds)),
                        reservedShares[0],
                        reservedShares[1],
                        longPromptTokens,
                        stretch,
                        stretchOfAll));
    }

    private WeightLoading weightLoading() {
        if (quantize == null) {
            return WeightLoading.AS_STORED;
        }
        return quantize.equals("4bit") ? WeightLoading.QUANTIZE_4BIT : WeightLoading.QUANTIZE_8BIT;
    }

    private Numerics numerics() {
        try {
            return Numerics.named(numerics);
        } catch (IllegalArgumentException _) {
            throw wrong("--numerics is '" + numerics + "', expected exact or fast");
        }
    }

    private static DType typeOf(String name) {
        return KV_TYPES.getOrDefault(name, WorkerSettings.DEFAULT_KV_TYPE);
    }

    private FoundModel find(String argument) {
        return valid(() -> FoundModel.of(argument));
    }

    private void requireValid(Runnable check) {
        boolean _ =
                valid(() -> {
                    check.run();
                    return true;
                });
    }

    /// What was asked for, or a refusal of the command line.
    private <T> T valid(Supplier<T> settings) {
        try {
            return settings.get();
        } catch (IllegalArgumentException | CheckpointException e) {
            throw wrong(e);
        }
    }
}
