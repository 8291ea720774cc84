package dev.ingot.engine.model;

import dev.ingot.engine.weights.JsonFile;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// What `config.json` says of layers that see only the last positions.
///
/// @param json the language model's part of it
record HfWindows(JsonFile json, Architecture architecture) {
    /// How `layer_types` and `rope_parameters` call a layer with a window, and one without.
    static final String WINDOWED = "sliding_attention";

    static final String FULL = "full_attention";

    private static final int MISTRAL_WINDOW = 4096;

    /// For each layer the positions that it sees; 0 for all.
    ///
    /// @throws dev.ingot.engine.weights.CheckpointException naming the field
    List<Integer> of(int layers) {
        return switch (architecture) {
            case GPT2, LLAMA, OLMO2, OPT, PHI, QWEN3_MOE -> Collections.nCopies(layers, 0);
            case MIXTRAL, PHI3 ->
                    Collections.nCopies(
                            layers,
                            json.optionalInt("sliding_window", 1, HfConfig.MAX_SIZE).orElse(0));
            case GEMMA2, GPT_OSS -> windowsByLayer(layers, layer -> layer % 2 == 0);
            case GEMMA3 -> {
                int every =
                        json.optionalInt("sliding_window_pattern", 1, HfConfig.MAX_COUNT).orElse(6);
                yield windowsByLayer(layers, layer -> (layer + 1) % every != 0);
            }
            // Absent is not null here: Mistral's default is a window.
            case MISTRAL ->
                    Collections.nCopies(
                            layers,
                            json.fields().contains("sliding_window")
                                    ? json.optionalInt("sliding_window", 1, HfConfig.MAX_SIZE)
                                            .orElse(0)
                                    : MISTRAL_WINDOW);
            case QWEN2, QWEN3 ->
                    json.optionalBoolean("use_sliding_window").orElse(false)
                            ? windowsByLayer(layers, this::windowedFromSomeLayerOn)
                            : Collections.nCopies(layers, 0);
        };
    }

    /// The window where `layer_types`, or the architecture's own rule if there is no such field, says so.
    private List<Integer> windowsByLayer(int layers, IntPredicate windowedByDefault) {
        int window = json.positive("sliding_window", HfConfig.MAX_SIZE);
        var types = json.strings("layer_types");
        if (!types.isEmpty() && types.size() != layers) {
            throw json.bad(
                    "layer_types",
                    "expected one for each of the " + layers + " layers, found " + types.size());
        }
        for (var type : types) {
            if (!type.equals(WINDOWED) && !type.equals(FULL)) {
                throw json.bad(
                        "layer_types", "expected " + FULL + " or " + WINDOWED + ", found " + type);
            }
        }
        return IntStream.range(0, layers)
                .map(l ->
                        (types.isEmpty()
                                        ? windowedByDefault.test(l)
                                        : types.get(l).equals(WINDOWED))
                                ? window
                                : 0)
                .boxed()
                .toList();
    }

    private boolean windowedFromSomeLayerOn(int layer) {
        return layer >= json.optionalInt("max_window_layers", 0, HfConfig.MAX_COUNT).orElse(28);
    }
}
