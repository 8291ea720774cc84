package dev.ingot.engine.text;

import java.util.List;

/// A rendered prompt, and the places in it where no control token may be read.
///
/// @param text what the tokenizer encodes
/// @param guards ascending offsets into `text`; a control token that lies across one of them is what a client typed,
///     and stays text
public record PromptText(String text, List<Integer> guards) {
    public PromptText {
        guards = List.copyOf(guards);
    }

    /// Text of our own, in which every control token counts.
    public static PromptText trusted(String text) {
        return new PromptText(text, List.of());
    }
}
