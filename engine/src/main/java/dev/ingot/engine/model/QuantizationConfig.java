package dev.ingot.engine.model;

import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.JsonFile;
import java.util.List;
import java.util.Optional;

/// How the modules of an MLX checkpoint are quantized: the `quantization` of its `config.json`.
///
/// A module is quantized if its scales are there; this says how many bits and which groups. An entry
/// under a module's path counts before what holds for all.
final class QuantizationConfig {
    private static final List<Integer> BITS = List.of(2, 3, 4, 5, 6, 8);
    private static final int MAX_GROUP = 1 << 16;

    private final JsonFile json;
    private final Scheme everywhere;

    private QuantizationConfig(JsonFile json) {
        this.json = json;
        this.everywhere = scheme(json);
    }

    /// How a matrix is quantized.
    ///
    /// @param group inputs that share a scale
    record Scheme(Mode mode, int bits, int group) {}

    /// What a level stands for.
    enum Mode {
        /// `scale · level + bias`.
        AFFINE,
        /// 4-bit floats with an exponent for every 32.
        MXFP4
    }

    /// Reads it from a configuration; empty where the weights are not quantized.
    ///
    /// @throws CheckpointException if they are quantized in a way that is not supported
    static Optional<QuantizationConfig> of(JsonFile config) {
        var quantization = config.object("quantization");
        if (quantization.isEmpty() && config.has("quantization_config")) {
            var method =
                    config.object("quantization_config")
                            .flatMap(q -> q.optionalString("quant_method"))
                            .orElse("none that is named");
            boolean isGptOss = config.optionalString("model_type").orElse("").equals("gpt_oss");
            if (isGptOss && method.equals("mxfp4")) {
                return Optional.empty(); // its experts' tensors say so themselves
            }
            throw config.bad(
                    "quantization_config",
                    "expected weights in full or quantized by MLX ('quantization'), or gpt-oss's mxfp4, found method "
                            + method);
        }
        return quantization.map(QuantizationConfig::new);
    }

    /// How the module at `path` is quantized, if it is.
    Scheme of(String path) {
        // `false` stands beside modules that are not quantized, which then have no scales to ask
        // for.
        return json.isObject(path) ? scheme(json.object(path).orElseThrow()) : everywhere;
    }

    private static Scheme scheme(JsonFile json) {
        int bits = json.positive("bits", Integer.SIZE);
        int group = json.positive("group_size", MAX_GROUP);
        var name = json.optionalString("mode").orElse("affine");
        var mode =
                switch (name) {
                    case "affine" -> Mode.AFFINE;
                    case "mxfp4" -> Mode.MXFP4;
                    default -> throw json.bad("mode", "expected affine or mxfp4, found " + name);
                };
        boolean known =
                switch (mode) {
                    case AFFINE -> BITS.contains(bits) && group % 16 == 0;
                    case MXFP4 -> bits == 4 && group == 32;
                };
        if (!known) {
            throw json.bad(
                    "bits",
                    "expected affine 2, 3, 4, 5, 6 or 8 bits by a multiple of 16, or mxfp4 4 bits by"
                            + " 32, found "
                            + name
                            + " "
                            + bits
                            + " bits by "
                            + group);
        }
        return new Scheme(mode, bits, group);
    }
}
