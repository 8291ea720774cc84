package dev.ingot.api;

import dev.ingot.engine.files.ModelFiles;
import dev.ingot.engine.ops.DType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Flags that users of vLLM's `serve` bring along and that choose nothing here: accepted where what they ask for is so
/// anyway, refused with what to do instead where it is not.
final class VllmFlags {
    private static final List<String> HALF = List.of("half", "float16");

    /// What to do in place of flags that would change something, and that there are not here.
    private static final Map<String, String> INSTEAD =
            Map.ofEntries(
                    Map.entry("--api-key", "there is no authentication; put a proxy before it"),
                    Map.entry("--model", "give MODEL alone, as in 'ingot serve MODEL'"),
                    Map.entry("--revision", "give the model as ORG/NAME@REVISION"),
                    Map.entry("--tokenizer", "the tokenizer is the one beside the weights"),
                    Map.entry("--tokenizer-mode", "leave it out: every kind is found by itself"),
                    Map.entry("--load-format", "leave it out: the files tell"),
                    Map.entry("--config-format", "leave it out: the files tell"),
                    Map.entry("--download-dir", "set HF_HUB_CACHE"),
                    Map.entry("--hf-token", "set HF_TOKEN"),
                    Map.entry(
                            "--quantization",
                            "quantized checkpoints need no flag; --quantize 4bit or 8bit quantizes"
                                    + " full ones at load"),
                    Map.entry("-q", "quantized checkpoints need no flag; see --quantize"),
                    Map.entry("--cpu-offload-gb", "weights and KV cache have to fit; --quantize"),
                    Map.entry("--swap-space", "leave it out: preempted requests are recomputed"),
                    Map.entry("--enable-lora", "merge the adapter into the weights first"),
                    Map.entry("--lora-modules", "merge the adapter into the weights first"),
                    Map.entry("--speculative-config", "there is no speculative decoding"),
                    Map.entry("--num-gpu-blocks-override", "see --kv-cache-memory-bytes"),
                    Map.entry("--gpu-memory-utilization-gb", "see --gpu-memory-utilization"),
                    Map.entry("--limit-mm-per-prompt", "there are no images"),
                    Map.entry("--rope-scaling", "write it into config.json"),
                    Map.entry("--rope-theta", "write it into config.json"),
                    Map.entry("--hf-overrides", "write it into config.json"),
                    Map.entry(
                            "--generation-config",
                            "generation_config.json is used where there is one"),
                    Map.entry(
                            "--override-generation-config", "write it into generation_config.json"),
                    Map.entry("--guided-decoding-backend", "there is no guided decoding"),
                    Map.entry("--ssl-keyfile", "put a proxy that speaks TLS before it"),
                    Map.entry("--ssl-certfile", "put a proxy that speaks TLS before it"),
                    Map.entry("--uvicorn-log-level", "set INGOT_LOG_LEVEL"),
                    Map.entry("--distributed-executor-backend", "see --role and --join"));

    /// What they switch on or off is so here.
    @Option(
            names = {
                "--enable-auto-tool-choice",
                "--enable-chunked-prefill",
                "--enable-reasoning",
                "--enforce-eager",
                "--disable-log-requests",
                "--disable-log-stats",
                "--trust-remote-code"
            },
            description =
                    "vLLM's: accepted, for it is so anyway (no code of a checkpoint is ever run).")
    @SuppressWarnings("UnusedVariable") // whatever they are
    private boolean[] soAnyway = {};

    @Option(
            names = {
                "--tensor-parallel-size",
                "-tp",
                "--pipeline-parallel-size",
                "-pp",
                "--data-parallel-size",
                "-dp"
            },
            paramLabel = "1",
            description =
                    "vLLM's: 1, for an engine has one device; see --role for several machines.")
    private int[] parallel = {};

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description =
                    "vLLM's: auto, or the type that the checkpoint has; weights are used as they"
                            + " are stored.")
    private @Nullable String dtype;

    /// What to do in place of a flag that is not known here.
    static Optional<String> instead(String flag) {
        var name = flag.contains("=") ? flag.substring(0, flag.indexOf('=')) : flag;
        return Optional.ofNullable(INSTEAD.get(name)).map(text -> name + ": " + text);
    }

    /// @throws IllegalArgumentException if one asks for what is not so
    void check() {
        if (!Arrays.stream(parallel).allMatch(each -> each == 1)) {
            throw new IllegalArgumentException(
                    "--tensor-parallel-size, --pipeline-parallel-size and --data-parallel-size are"
                            + " 1 here: an engine has one device; see --role and --join for several"
                            + " machines");
        }
    }

    /// @throws IllegalArgumentException if the model is stored in another type
    void check(Path model) {
        if (dtype == null || dtype.equals("auto")) {
            return;
        }
        var stored = ModelFiles.at(model).config().dtype();
        if (stored.isEmpty() || !named(dtype).equals(stored)) {
            throw new IllegalArgumentException(
                    "--dtype is '"
                            + dtype
                            + "', expected auto"
                            + stored.map(type -> " or " + name(type) + ", as they are stored")
                                    .orElse("")
                            + ": weights are used as they are; --quantize makes them smaller");
        }
    }

    private static Optional<DType> named(String name) {
        return switch (name) {
            case "float", "float32" -> Optional.of(DType.F32);
            case "bfloat16" -> Optional.of(DType.BF16);
            default -> HALF.contains(name) ? Optional.of(DType.F16) : Optional.empty();
        };
    }

    private static String name(DType type) {
        return switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            case I32, I8 -> type.name().toLowerCase(Locale.ROOT);
        };
    }
}
