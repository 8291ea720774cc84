package dev.ingot.api.bench;

import java.net.URI;

/// What a load is made of, the same at every level of concurrency.
///
/// @param server where the API is: its root, without `/v1`
/// @param model the name that requests ask for
/// @param promptTokens how long prompts are
/// @param outputTokens how long answers are
/// @param sharedPrefix tokens that every prompt begins with, besides its own
/// @param asText prompts of words instead of token ids
/// @param seed of the prompts
record LoadSettings(
        URI server,
        String model,
        Range promptTokens,
        int outputTokens,
        int sharedPrefix,
        boolean asText,
        long seed) {
    /// The same with other lengths.
    LoadSettings with(Range otherPromptTokens, int otherOutputTokens) {
        return new LoadSettings(
                server, model, otherPromptTokens, otherOutputTokens, sharedPrefix, asText, seed);
    }

    /// Whole numbers from `low` to `high`, both included.
    record Range(int low, int high) {
        Range {
            if (low < 1 || high < low) {
                throw new IllegalArgumentException(
                        "expected a number of at least 1, or two with '-' between, found "
                                + low
                                + "-"
                                + high);
            }
        }

        /// Reads `64` or `64-256`.
        ///
        /// @throws IllegalArgumentException if it is neither
        static Range parse(String text) {
            int dash = text.indexOf('-', 1);
            try {
                return dash < 0
                        ? new Range(Integer.parseInt(text), Integer.parseInt(text))
                        : new Range(
                                Integer.parseInt(text.substring(0, dash)),
                                Integer.parseInt(text.substring(dash + 1)));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "expected a number or two with '-' between, found '" + text + "'", e);
            }
        }

        @Override
        public String toString() {
            return low == high ? String.valueOf(low) : low + "-" + high;
        }
    }
}
