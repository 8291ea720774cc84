package dev.ingot.engine.text.jinja;

/// What one rendering may cost.
///
/// @param steps expressions and statements evaluated, values compared or printed
/// @param characters length of all strings and lists made on the way, the output's included
/// @param depth expressions, blocks and macro calls inside one another
/// @param rangeItems length of a `range`, as in jinja2's sandbox
public record Limits(long steps, long characters, int depth, int rangeItems) {
    /// Room for prompts of millions of characters; a second or two at worst.
    public static final Limits DEFAULT = new Limits(20_000_000, 400_000_000, 800, 100_000);
}
