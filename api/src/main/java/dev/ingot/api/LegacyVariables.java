package dev.ingot.api;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/// Environment variables of vLLM's Metal plugins that still mean something here. A flag counts before its variable.
///
/// @param environment of the process
record LegacyVariables(Map<String, String> environment) {
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
