package dev.ingot.engine.text;

/// A part of what a model said in a chat.
public sealed interface SpokenPart {
    /// Words for the user.
    record Content(String text) implements SpokenPart {}

    /// What the model thought before it spoke.
    record Reasoning(String text) implements SpokenPart {}

    /// A complete call of a tool.
    ///
    /// @param index 0 for the first call of the output
    /// @param id names the call in the tool's answer
    /// @param arguments the JSON text of an object, as the model wrote it
    record ToolCall(int index, String id, String name, String arguments) implements SpokenPart {}
}
