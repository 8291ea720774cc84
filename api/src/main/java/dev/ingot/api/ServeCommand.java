package dev.ingot.api;

import dev.ingot.engine.model.WeightLoading;
import dev.ingot.worker.WorkerSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `ingot serve`: an OpenAI-compatible server for one model.
@Command(
        name = "serve",
        description = "Serve a model over an OpenAI-compatible HTTP API.",
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    private static final List<String> DEVICES = List.of("auto", "cpu", "metal");
    private static final List<String> QUANTIZED = List.of("4bit", "8bit");

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "MODEL",
            description = "Folder of a Hugging Face checkpoint (default: the built-in model).")
    private @Nullable Path model;

    @Option(names = "--host", description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String host = "127.0.0.1";

    @Option(names = "--port", description = "Port, 0 for any free one (default: ${DEFAULT-VALUE}).")
    private int port = 8000;

    @Option(names = "--device", description = "auto, cpu or metal (default: ${DEFAULT-VALUE}).")
    private String device = "auto";

    @Option(
            names = "--served-model-name",
            arity = "1..*",
            paramLabel = "NAME",
            description = "Names that requests may use (default: the folder's name).")
    private List<String> names = List.of();

    @Option(
            names = "--max-model-len",
            paramLabel = "TOKENS",
            description =
                    "Prompt and output of one sequence together (default: the model's own, if memory holds it).")
    private @Nullable Integer maxModelLength;

    @Option(
            names = "--max-num-seqs",
            paramLabel = "N",
            description = "Sequences in one step (default: ${DEFAULT-VALUE}).")
    private int maxSequences = WorkerSettings.DEFAULT_MAX_SEQUENCES;

    @Option(
            names = "--max-num-batched-tokens",
            paramLabel = "TOKENS",
            description =
                    "Tokens in one step: a prompt is prefilled in chunks of at most this (default: ${DEFAULT-VALUE}).")
    private int maxStepTokens = WorkerSettings.DEFAULT_MAX_STEP_TOKENS;

    @Option(
            names = "--max-num-queued-seqs",
            paramLabel = "N",
            description =
                    "Sequences that wait before requests are refused with 429 (default: ${DEFAULT-VALUE}).")
    private int maxWaiting = 1024;

    @Option(
            names = "--block-size",
            paramLabel = "TOKENS",
            description = "Positions in one KV block (default: ${DEFAULT-VALUE}).")
    private int blockSize = WorkerSettings.DEFAULT_BLOCK_SIZE;

    @Option(
            names = "--kv-cache-memory-bytes",
            paramLabel = "BYTES",
            description =
                    "Memory for the KV cache (default: what the limits need, at most 4 GiB and 40 %% of what is free).")
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
                    "Quantize weights that the checkpoint holds in full when they are loaded (default: use them as they are).")
    private @Nullable String quantize;

    @Option(
            names = "--seed",
            paramLabel = "SEED",
            description =
                    "Seed of the seeds that are drawn for requests without one (default: random).")
    private @Nullable Long seed;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        var settings = settings();
        long startNanos = System.nanoTime();
        try (var node = Node.start(settings)) {
            System.out.printf(
                    "Ready after %.1f s: %s serves %s%n",
                    (System.nanoTime() - startNanos) * 1e-9, node.url(), node.modelName());
            node.awaitTermination();
            return 0;
        } catch (Node.StartException e) {
            System.err.println("ingot: " + e.getMessage());
            return 1;
        }
    }

    private ServeSettings settings() {
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
                blockSize >= 1 && blockSize <= 1024,
                "--block-size is " + blockSize + ", expected 1 to 1024");
        check(
                kvCacheBytes == null || kvCacheBytes > 0,
                "--kv-cache-memory-bytes is " + kvCacheBytes + ", expected more than 0");
        check(threads >= 1 && threads <= 1024, "--threads is " + threads + ", expected 1 to 1024");
        var folder = model != null ? model : BuiltInModel.folder();
        check(
                Files.isDirectory(folder),
                "'"
                        + folder
                        + "' is no folder; expected a Hugging Face checkpoint: config.json, tokenizer.json and"
                        + " *.safetensors");
        check(
                quantize == null || QUANTIZED.contains(quantize),
                "--quantize is '" + quantize + "', expected 4bit or 8bit");
        var absolute = folder.toAbsolutePath().normalize();
        var worker =
                new WorkerSettings(
                        absolute,
                        device,
                        threads,
                        maxModelLength == null
                                ? OptionalInt.empty()
                                : OptionalInt.of(maxModelLength),
                        maxSequences,
                        maxStepTokens,
                        blockSize,
                        kvCacheBytes == null ? OptionalLong.empty() : OptionalLong.of(kvCacheBytes),
                        WorkerSettings.DEFAULT_KV_TYPE,
                        weightLoading());
        return new ServeSettings(
                host,
                port,
                names.isEmpty() ? List.of(String.valueOf(absolute.getFileName())) : names,
                worker,
                maxWaiting,
                prefixCaching,
                seed == null ? OptionalLong.empty() : OptionalLong.of(seed));
    }

    private WeightLoading weightLoading() {
        if (quantize == null) {
            return WeightLoading.AS_STORED;
        }
        return quantize.equals("4bit") ? WeightLoading.QUANTIZE_4BIT : WeightLoading.QUANTIZE_8BIT;
    }

    private void check(boolean valid, String message) {
        if (!valid) {
            if (spec == null) {
                throw new IllegalStateException("picocli sets the spec");
            }
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
