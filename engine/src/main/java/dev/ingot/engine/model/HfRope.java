package dev.ingot.engine.model;

import dev.ingot.engine.weights.JsonFile;
import java.util.List;
import java.util.Optional;

/// What `config.json` says of rotary embeddings.
///
/// @param json the language model's part of it
record HfRope(JsonFile json, Architecture architecture) {
    /// What GGUF files say of a stretched rotary embedding: by what each pair's frequency is divided.
    static final String ROPE_DIVISORS = "gguf-divisors";

    private static final double DEFAULT_THETA = 10_000;

    /// As transformers 5 reads both spellings: `rope_scaling` counts before `rope_parameters`, and a theta
    /// inside of it before one outside.
    ///
    /// @throws dev.ingot.engine.weights.CheckpointException naming the field
    Rope of(int headDim, int maxPositions) {
        var parameters =
                json.object("rope_scaling")
                        .filter(scaling -> !scaling.fields().isEmpty())
                        .or(() -> json.object("rope_parameters"))
                        .map(p -> p.object(HfWindows.FULL).orElse(p));
        double usualTheta =
                switch (architecture) {
                    case GEMMA3, MIXTRAL -> 1_000_000;
                    case GPT_OSS -> 150_000;
                    default -> DEFAULT_THETA;
                };
        var thetaOwner = parameters.filter(p -> p.has("rope_theta")).orElse(json);
        double theta = theta(thetaOwner, "rope_theta", usualTheta);
        double rotatedShare = rotatedShare(parameters, headDim);
        var stretched = parameters.map(p -> scaling(p, maxPositions));
        var rope = new Rope(theta, stretched.orElseGet(Rope.Unscaled::new), rotatedShare);
        if (rope.scaling() instanceof Rope.LongRope(var factors, double _)
                && factors.size() != rope.rotated(headDim) / 2) {
            throw json.bad(
                    "rope_scaling",
                    "expected a factor for each of "
                            + rope.rotated(headDim) / 2
                            + " pairs, found "
                            + factors.size());
        }
        return rope;
    }

    /// How Gemma 3's layers with a window rotate: never stretched.
    Rope ofWindowedLayers() {
        var parameters = json.object("rope_parameters").flatMap(p -> p.object(HfWindows.WINDOWED));
        var owner = parameters.orElse(json);
        parameters.ifPresent(p -> {
            var type = p.optionalString("rope_type").orElse("default");
            if (!type.equals("default")) {
                throw p.bad("rope_type", "expected default, found " + type);
            }
        });
        var field = parameters.isPresent() ? "rope_theta" : "rope_local_base_freq";
        return new Rope(theta(owner, field, DEFAULT_THETA), new Rope.Unscaled());
    }

    private static double theta(JsonFile owner, String field, double usual) {
        double theta = owner.optionalNumber(field).orElse(usual);
        if (theta <= 0) {
            throw owner.bad(field, "expected a positive number, found " + theta);
        }
        return theta;
    }

    private double rotatedShare(Optional<JsonFile> parameters, int headDim) {
        var field = "partial_rotary_factor";
        var owner = parameters.filter(p -> p.has(field)).orElse(json);
        double share =
                owner.optionalNumber(field).orElse(architecture == Architecture.PHI ? 0.5 : 1);
        if (architecture != Architecture.PHI && architecture != Architecture.PHI3 && share != 1) {
            throw owner.bad(field, "only whole heads are rotated, found " + share);
        }
        int rotated = (int) (headDim * share);
        if (share > 1 || rotated < 2 || rotated % 2 != 0) {
            throw owner.bad(
                    field, "expected an even part of a head of " + headDim + ", found " + share);
        }
        return share;
    }

    private Rope.Scaling scaling(JsonFile parameters, int maxPositions) {
        var field = parameters.has("rope_type") ? "rope_type" : "type";
        var type = parameters.optionalString(field).orElse("default");
        if (architecture == Architecture.PHI3) {
            return switch (type) {
                case "default" -> new Rope.Unscaled();
                case "longrope", "su" -> longRope(parameters, maxPositions);
                default -> throw parameters.bad(field, "expected longrope, found " + type);
            };
        }
        return switch (type) {
            case "default" -> new Rope.Unscaled();
            case "linear" -> new Rope.Linear(factor(parameters));
            case "llama3" -> llama3(parameters);
            case "yarn" -> yarn(parameters, maxPositions);
            case ROPE_DIVISORS -> new Rope.Divided(divisors(parameters));
            default ->
                    throw parameters.bad(
                            field, "expected default, linear, llama3 or yarn, found " + type);
        };
    }

    /// Which of the two lists of factors counts does not depend on how long a sequence has grown: keys
    /// that are cached could not be turned again. A model that was stretched at all takes the long ones;
    /// transformers takes the short ones up to the original length.
    private Rope.LongRope longRope(JsonFile parameters, int maxPositions) {
        var owner = json.has("original_max_position_embeddings") ? json : parameters;
        int original =
                owner.optionalInt("original_max_position_embeddings", 2, HfConfig.MAX_SIZE)
                        .orElse(maxPositions);
        double stretch =
                parameters.optionalNumber("factor").orElse((double) maxPositions / original);
        double usual = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        var field = maxPositions > original ? "long_factor" : "short_factor";
        var factors = parameters.numbers(field);
        if (factors.stream().anyMatch(f -> f <= 0)) {
            throw parameters.bad(field, "expected positive numbers, found " + factors);
        }
        return new Rope.LongRope(factors, magnitude(parameters, usual));
    }

    private static List<Double> divisors(JsonFile parameters) {
        var divisors = parameters.numbers("divisors");
        for (double divisor : divisors) {
            if (divisor <= 0) {
                throw parameters.bad("divisors", "expected positive numbers, found " + divisor);
            }
        }
        return divisors;
    }

    private static Rope.Llama3 llama3(JsonFile parameters) {
        double low = parameters.number("low_freq_factor");
        double high = parameters.number("high_freq_factor");
        if (low <= 0 || high <= low) {
            throw parameters.bad(
                    "high_freq_factor",
                    "expected more than low_freq_factor " + low + ", found " + high);
        }
        return new Rope.Llama3(
                factor(parameters),
                low,
                high,
                parameters.positive("original_max_position_embeddings", HfConfig.MAX_SIZE));
    }

    private static Rope.Yarn yarn(JsonFile parameters, int maxPositions) {
        for (var field : new String[] {"mscale", "mscale_all_dim"}) {
            if (parameters.has(field)) {
                throw parameters.bad(field, "this setting of yarn is not supported");
            }
        }
        double factor = factor(parameters);
        double fast = turns(parameters, "beta_fast", 32);
        double slow = turns(parameters, "beta_slow", 1);
        return new Rope.Yarn(
                factor,
                magnitude(parameters, 0.1 * Math.log(factor) + 1),
                fast,
                slow,
                parameters
                        .optionalInt("original_max_position_embeddings", 1, HfConfig.MAX_SIZE)
                        .orElse(maxPositions),
                parameters.optionalBoolean("truncate").orElse(true));
    }

    private static double turns(JsonFile parameters, String field, double usual) {
        double turns = parameters.optionalNumber(field).orElse(usual);
        if (turns <= 0) {
            throw parameters.bad(field, "expected a positive number, found " + turns);
        }
        return turns;
    }

    private static double magnitude(JsonFile parameters, double usual) {
        double magnitude = parameters.optionalNumber("attention_factor").orElse(usual);
        if (magnitude <= 0) {
            throw parameters.bad(
                    "attention_factor", "expected a positive number, found " + magnitude);
        }
        return magnitude;
    }

    private static double factor(JsonFile parameters) {
        double factor = parameters.number("factor");
        if (factor < 1) {
            throw parameters.bad("factor", "expected a number of at least 1, found " + factor);
        }
        return factor;
    }
}
