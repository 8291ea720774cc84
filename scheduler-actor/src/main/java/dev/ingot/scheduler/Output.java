package dev.ingot.scheduler;

import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a request actor tells its client, in order: deltas, one end per choice, one end for all.
///
/// A stream hears these one at a time and acknowledges each; a whole answer is the list of them.
public sealed interface Output
        permits Output.Delta,
                Output.ChoiceFinished,
                Output.Completed,
                Output.Broken,
                Output.TimedOut {
    /// More of one choice.
    ///
    /// @param text what became readable; may be empty while a character or a stop string is incomplete
    /// @param tokens the tokens behind it, whole or not
    /// @param logprobs one entry per token where they were asked for, else empty
    record Delta(int choice, String text, Tokens tokens, List<Engine.TokenLogprob> logprobs)
            implements Output {}

    /// A choice ended; no more of it follows.
    ///
    /// @param stopToken the stop token that ended it, or −1
    /// @param stopString the stop string that ended it, or null
    record ChoiceFinished(
            int choice, FinishReason reason, int stopToken, @Nullable String stopString)
            implements Output {}

    /// All choices ended: the last word of a request that went well.
    ///
    /// @param approximate whether it went on in an engine of another numeric class: what followed is what that engine
    ///     makes of it, and not to the last bit what the first would have made
    record Completed(Engine.Usage usage, boolean approximate) implements Output {
        /// As an undisturbed run.
        public Completed(Engine.Usage usage) {
            this(usage, false);
        }
    }

    /// The request could not be finished: the last word of one that did not.
    record Broken(String message) implements Output {}

    /// The request's time is up: the last word of one that took too long.
    ///
    /// @param inQueue whether it was the server's limit on waiting, not the request's own on everything
    /// @param retryAfter when trying again may help; zero where it is the request's own limit
    record TimedOut(boolean inQueue, String message, Duration retryAfter) implements Output {}
}
