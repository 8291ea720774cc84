package dev.ingot.api.openai.wire;

/// How much one request may ask for.
///
/// @param maxChoicesPerPrompt the largest `n`
/// @param maxChoices prompts × `n` of one completion request
public record WireLimits(int maxChoicesPerPrompt, int maxChoices) {
    /// What is taken unless configured otherwise.
    public static final WireLimits DEFAULT = new WireLimits(8, 128);
}
