package dev.ingot.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/// Environment variables of vLLM's Metal plugins that still mean something here. A flag counts before its variable.
///
/// @param environment of the process
record LegacyVariables(Map<String, String> environment) {
    /// They chose between ways to compute, of which there is one here.
    private static final List<String> MEANINGLESS =
            List.of(
                    "APPLE_VISIBLE_DEVICES",
                    "VLLM_APPLE_ENGINE_PREFILL",
                    "VLLM_APPLE_USE_ENGINE",
                    "VLLM_METAL_ATTENTION",
                    "VLLM_METAL_DEBUG",
                    "VLLM_METAL_FUSED_KV",
                    "VLLM_METAL_SCRATCH_POOL_MB",
                    "VLLM_METAL_STRICT_NO_MPS",
                    "VLLM_METAL_USE_MLX");

    /// Share of memory to use.
    ///
    /// @throws IllegalArgumentException if it is no number
    OptionalDouble memoryFraction() {
        var name = "VLLM_METAL_MEMORY_FRACTION";
        var text = environment.getOrDefault(name, "").strip();
        if (text.isEmpty() || text.equals("auto")) {
            return OptionalDouble.empty();
        }
        try {
            return OptionalDouble.of(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " is '" + text + "', expected a number", e);
        }
    }

    /// Positions of a KV block.
    ///
    /// @throws IllegalArgumentException if it is no integer
    OptionalInt blockSize() {
        return integer("VLLM_METAL_BLOCK_SIZE");
    }

    /// Tokens of a step.
    ///
    /// @throws IllegalArgumentException if it is no integer
    OptionalInt maxBatchTokens() {
        return integer("VLLM_METAL_MAX_BATCH_SIZE");
    }

    /// The device by our name for it.
    ///
    /// @throws IllegalArgumentException if it is neither `gpu` nor `cpu`
    Optional<String> device() {
        var name = "VLLM_MLX_DEVICE";
        var text = environment.getOrDefault(name, "").strip();
        return switch (text) {
            case "" -> Optional.empty();
            case "gpu" -> Optional.of("auto"); // Metal where there is one
            case "cpu" -> Optional.of("cpu");
            default ->
                    throw new IllegalArgumentException(
                            name + " is '" + text + "', expected gpu or cpu");
        };
    }

    /// Those that are set and mean nothing here.
    List<String> ignored() {
        return MEANINGLESS.stream().filter(environment::containsKey).toList();
    }

    private OptionalInt integer(String name) {
        var text = environment.getOrDefault(name, "").strip();
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(Integer.parseInt(text));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " is '" + text + "', expected an integer", e);
        }
    }
}
