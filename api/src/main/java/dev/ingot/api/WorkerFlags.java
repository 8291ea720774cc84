package dev.ingot.api;

import dev.ingot.api.console.ComputeFlags;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.worker.WorkerSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The flags of `ingot serve` that say how a model is loaded and run: on what, how exactly, and within which limits.
final class WorkerFlags {
    private static final Map<String, DType> KV_TYPES =
            Map.of(
                    "auto", WorkerSettings.DEFAULT_KV_TYPE,
                    "float16", DType.F16,
                    "bfloat16", DType.BF16,
                    "int8", DType.I8,
                    "float32", DType.F32);
    private static final List<String> DEVICES = List.of("auto", "cpu", "metal");
    private static final List<String> QUANTIZED = List.of("4bit", "8bit");

    @Mixin private ComputeFlags compute = new ComputeFlags();

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

    /// Checks the flags; what comes of them waits for the model that they are for.
    ///
    /// @param environment counts where the flag is not given
    /// @throws IllegalArgumentException naming the flag and what was expected
    Function<Path, WorkerSettings> settings(LegacyVariables environment) {
        var device = compute.device().or(environment::device).orElse("auto");
        require(
                DEVICES.contains(device),
                "--device is '" + device + "', expected auto, cpu or metal");
        int threads = compute.threads();
        require(
                maxModelLength == null || maxModelLength >= 2,
                "--max-model-len is " + maxModelLength + ", expected at least 2");
        var length = maxModelLength == null ? OptionalInt.empty() : OptionalInt.of(maxModelLength);
        require(
                maxSequences >= 1 && maxSequences <= 4096,
                "--max-num-seqs is " + maxSequences + ", expected 1 to 4096");
        int stepTokens = maxStepTokens(environment);
        int positions = blockSize(environment);
        var fraction = memoryFraction(environment);
        require(
                kvCacheBytes == null || kvCacheBytes > 0,
                "--kv-cache-memory-bytes is " + kvCacheBytes + ", expected more than 0");
        var kvBytes = kvCacheBytes == null ? OptionalLong.empty() : OptionalLong.of(kvCacheBytes);
        var kvType = kvType();
        var loading = weightLoading();
        var chosen = numerics();
        return model ->
                new WorkerSettings(
                        model,
                        device,
                        threads,
                        length,
                        maxSequences,
                        stepTokens,
                        positions,
                        kvBytes,
                        fraction,
                        kvType,
                        loading,
                        chosen);
    }

    private int maxStepTokens(LegacyVariables environment) {
        int tokens =
                maxStepTokens != null
                        ? maxStepTokens
                        : environment
                                .maxBatchTokens()
                                .orElse(WorkerSettings.DEFAULT_MAX_STEP_TOKENS);
        require(
                tokens >= maxSequences && tokens <= 65536,
                "--max-num-batched-tokens is "
                        + tokens
                        + ", expected --max-num-seqs ("
                        + maxSequences
                        + ") to 65536");
        return tokens;
    }

    private int blockSize(LegacyVariables environment) {
        int positions =
                blockSize != null
                        ? blockSize
                        : environment.blockSize().orElse(WorkerSettings.DEFAULT_BLOCK_SIZE);
        require(
                positions >= 1 && positions <= 1024,
                "--block-size is " + positions + ", expected 1 to 1024");
        return positions;
    }

    private OptionalDouble memoryFraction(LegacyVariables environment) {
        var fraction =
                memoryFraction != null
                        ? OptionalDouble.of(memoryFraction)
                        : environment.memoryFraction();
        require(
                fraction.isEmpty() || (fraction.getAsDouble() > 0 && fraction.getAsDouble() <= 1),
                (memoryFraction != null
                                ? "--gpu-memory-utilization"
                                : LegacyVariables.MEMORY_FRACTION)
                        + " is "
                        + fraction.orElse(0)
                        + ", expected above 0, at most 1");
        return fraction;
    }

    private DType kvType() {
        var type = KV_TYPES.get(kvCacheType);
        if (type == null) {
            throw new IllegalArgumentException(
                    "--kv-cache-dtype is '"
                            + kvCacheType
                            + "', expected auto, float16, bfloat16, int8 or float32"
                            + (kvCacheType.startsWith("fp8") ? "; int8 takes as much as fp8" : ""));
        }
        return type;
    }

    private WeightLoading weightLoading() {
        if (quantize == null) {
            return WeightLoading.AS_STORED;
        }
        require(
                QUANTIZED.contains(quantize),
                "--quantize is '" + quantize + "', expected 4bit or 8bit");
        return quantize.equals("4bit") ? WeightLoading.QUANTIZE_4BIT : WeightLoading.QUANTIZE_8BIT;
    }

    private Numerics numerics() {
        try {
            return Numerics.named(numerics);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "--numerics is '" + numerics + "', expected exact or fast", e);
        }
    }

    private static void require(boolean valid, String otherwise) {
        if (!valid) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
