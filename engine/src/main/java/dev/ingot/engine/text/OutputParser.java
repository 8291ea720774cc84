package dev.ingot.engine.text;

import java.util.List;

/// Tells thoughts, words and calls of tools apart in what a model says; see [OutputFormat].
///
/// A call is given when it is complete; thoughts and words are given as they come, less what may be the beginning of a
/// mark. What looks like a call and is none is given as words: nothing is lost but marks, and blanks beside them.
/// The result does not depend on how the text was cut.
///
/// Not safe from several threads.
public interface OutputParser {
    /// Takes more text and gives what is certain.
    List<SpokenPart> add(String delta);

    /// What was held back; nothing is added after this.
    List<SpokenPart> finish();
}
