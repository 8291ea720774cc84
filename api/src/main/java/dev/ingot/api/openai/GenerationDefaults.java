package dev.ingot.api.openai;

/// What a model's authors recommend (`generation_config.json`): used where a client leaves a field out.
///
/// @param topK 0 for all
public record GenerationDefaults(
        float temperature, int topK, float topP, float minP, float repetitionPenalty) {
    /// OpenAI's own defaults, for a model that recommends nothing.
    public static final GenerationDefaults NEUTRAL = new GenerationDefaults(1, 0, 1, 0, 1);

    public GenerationDefaults {
        require(temperature >= 0 && temperature <= 100, "temperature", temperature);
        require(topK >= 0, "top_k", topK);
        require(topP > 0 && topP <= 1, "top_p", topP);
        require(minP >= 0 && minP <= 1, "min_p", minP);
        require(repetitionPenalty > 0 && repetitionPenalty <= 100, "repetition_penalty", repetitionPenalty);
    }

    private static void require(boolean valid, String field, Object value) {
        if (!valid) {
            throw new IllegalArgumentException("default " + field + " out of range: " + value);
        }
    }
}
