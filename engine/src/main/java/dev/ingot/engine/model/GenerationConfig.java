package dev.ingot.engine.model;

import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.DoublePredicate;

/// What a model's authors sample with (`generation_config.json`): the defaults of a request that does not
/// say otherwise. All of it is optional.
///
/// @param eosTokenIds ends of a sequence; counts before [ModelConfig#eosTokenIds] where it is not empty
/// @param bosTokenId beginning of a sequence
/// @param padTokenId filler in padded batches, of which we have none
/// @param temperature at least 0
/// @param topK 0 for no limit
/// @param topP in `(0, 1]`
/// @param minP in `[0, 1]`
/// @param repetitionPenalty above 0
/// @param doSample whether the authors sample at all; `false` is greedy
/// @param maxNewTokens at least 1
public record GenerationConfig(
        List<Integer> eosTokenIds,
        OptionalInt bosTokenId,
        OptionalInt padTokenId,
        OptionalDouble temperature,
        OptionalInt topK,
        OptionalDouble topP,
        OptionalDouble minP,
        OptionalDouble repetitionPenalty,
        Optional<Boolean> doSample,
        OptionalInt maxNewTokens) {
    /// Nothing said.
    public static final GenerationConfig NONE =
            new GenerationConfig(
                    List.of(),
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    OptionalDouble.empty(),
                    OptionalInt.empty(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    Optional.empty(),
                    OptionalInt.empty());

    public GenerationConfig {
        eosTokenIds = List.copyOf(eosTokenIds);
    }

    /// Reads `generation_config.json` of a checkpoint's folder; [#NONE] where there is no such file.
    ///
    /// Fields that are not listed above are not read: they are about how transformers runs.
    ///
    /// @throws CheckpointException if it is damaged or a value is out of its range
    public static GenerationConfig read(Path folder) {
        var file = folder.resolve("generation_config.json");
        if (!Files.exists(file)) {
            return NONE;
        }
        var json = JsonFile.read(file);
        return new GenerationConfig(
                json.integers("eos_token_id", 0, Integer.MAX_VALUE),
                json.optionalInt("bos_token_id", 0, Integer.MAX_VALUE),
                // −1 is written by some for "none"; nobody reads it here.
                json.optionalInt("pad_token_id", -1, Integer.MAX_VALUE),
                number(json, "temperature", "at least 0", t -> t >= 0),
                topK(json),
                number(json, "top_p", "above 0 and at most 1", p -> p > 0 && p <= 1),
                number(json, "min_p", "from 0 to 1", p -> p >= 0 && p <= 1),
                number(json, "repetition_penalty", "above 0", p -> p > 0),
                json.optionalBoolean("do_sample"),
                json.optionalInt("max_new_tokens", 1, Integer.MAX_VALUE));
    }

    private static OptionalInt topK(JsonFile json) {
        var topK = json.optionalInt("top_k", -1, Integer.MAX_VALUE);
        // vLLM writes no limit as −1, transformers as 0.
        return topK.isPresent() ? OptionalInt.of(Math.max(topK.getAsInt(), 0)) : topK;
    }

    private static OptionalDouble number(
            JsonFile json, String field, String range, DoublePredicate inRange) {
        var number = json.optionalNumber(field);
        if (number.isPresent() && !inRange.test(number.getAsDouble())) {
            throw json.bad(field, "expected a number " + range + ", found " + number.getAsDouble());
        }
        return number;
    }
}
