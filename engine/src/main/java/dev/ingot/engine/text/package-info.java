/// Text in, tokens through, text out.
///
/// A request's messages become prompt text by the model's own [ChatTemplate], prompt text becomes tokens by its
/// [Tokenizer]. Sampled tokens become text again one by one in a [Detokenizer]; a [StopMatcher] cuts that text at the
/// client's stop strings, and an [OutputParser] tells thoughts, words and calls of tools apart. Everything after the tokenizer is
/// a small state machine that belongs to one sequence and gives the same result however its input was cut.
///
/// What a client writes never becomes a control token: see [ControlTokens].
@NullMarked
package dev.ingot.engine.text;

import org.jspecify.annotations.NullMarked;
