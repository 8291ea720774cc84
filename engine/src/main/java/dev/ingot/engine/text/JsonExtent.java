package dev.ingot.engine.text;

/// Finds where a JSON object ends, character by character. What is in it is not checked.
final class JsonExtent {
    private int depth;
    private boolean inString;
    private boolean escaped;

    /// Takes the next character, `{` first, and says whether the object ends with it.
    boolean add(char c) {
        if (inString) {
            inString = escaped || c != '"';
            escaped = !escaped && c == '\\';
            return false;
        }
        switch (c) {
            case '"' -> inString = true;
            case '{', '[' -> depth++;
            case '}', ']' -> depth--;
            default -> {}
        }
        return depth <= 0;
    }
}
