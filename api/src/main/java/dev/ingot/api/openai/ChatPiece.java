package dev.ingot.api.openai;

/// A part of what an assistant says.
sealed interface ChatPiece {
    /// Words for the user.
    record Words(String text) implements ChatPiece {}

    /// A call begins.
    ///
    /// @param index 0 for the first call of the choice
    record CallBegins(int index, String tool) implements ChatPiece {}

    /// More of a call's arguments.
    ///
    /// @param json a piece of JSON text
    record Arguments(int index, String json) implements ChatPiece {}
}
