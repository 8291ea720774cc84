package dev.ingot.api.openai;

import dev.ingot.engine.text.PromptText;
import java.util.List;
import java.util.Map;

/// Writes a conversation down as its model was trained to read it: the model's chat template.
@FunctionalInterface
public interface ChatRenderer {
    /// The prompt of a conversation.
    ///
    /// @param messages as templates know them: `role`, `content`, `tool_calls`…
    /// @param tools the declarations that clients sent; empty for none
    /// @param addGenerationPrompt whether the assistant's turn is opened
    /// @param continueFinalMessage whether the last message is left open
    /// @param arguments further names that the template may read
    /// @throws IllegalArgumentException where the template refuses the conversation; its message is for the client
    PromptText render(
            List<Map<String, Object>> messages,
            List<Map<String, Object>> tools,
            boolean addGenerationPrompt,
            boolean continueFinalMessage,
            Map<String, Object> arguments);
}
