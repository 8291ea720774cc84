package dev.ingot.api.openai;

import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.RequestSpec;
import java.util.List;

/// A request as the engine takes it, and what its answer has to know of it.
///
/// @param prompts in the order of the body; each has `n` choices in a row
/// @param promptText of a chat, as the template rendered it; else empty
record Mapped(RequestSpec spec, List<Tokens> prompts, String promptText) {
    Mapped {
        prompts = List.copyOf(prompts);
    }

    /// The prompt of this choice.
    Tokens promptOf(int choice) {
        return spec.choices().get(choice).prompt();
    }

    int promptTokenCount() {
        return prompts.stream().mapToInt(Tokens::size).sum();
    }
}
