package dev.ingot.scheduler;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.Tokens;
import java.time.Duration;
import java.util.List;

/// Everything that a request needs to run: what the HTTP layer made of a body.
///
/// @param id unique among all requests in flight
/// @param choices one per token timeline: `n` choices of each prompt, in the order of their indices
/// @param caller whose turn it has to be
/// @param timeout from its arrival to its last word; zero for any time
/// @param stream whether output is told as it comes, against the client's demand
/// @param cacheSalt see [Engine.Submit]
/// @param skipSpecialTokens whether special tokens are left out of the text
/// @param keptSpecialTokens those that are not left out, since a reader of the text needs them
/// @param includeStopString whether the stop string that ended a choice is part of its text
public record RequestSpec(
        long id,
        List<Choice> choices,
        Caller caller,
        Duration timeout,
        boolean stream,
        String cacheSalt,
        boolean skipSpecialTokens,
        Tokens keptSpecialTokens,
        boolean includeStopString) {
    public RequestSpec {
        choices = List.copyOf(choices);
        if (choices.isEmpty()) {
            throw new IllegalArgumentException("a request has at least one choice");
        }
    }

    /// Of a caller who says nothing about itself and has all the time.
    public RequestSpec(
            long id,
            List<Choice> choices,
            boolean stream,
            String cacheSalt,
            boolean skipSpecialTokens,
            boolean includeStopString) {
        this(
                id,
                choices,
                Caller.ANYONE,
                Duration.ZERO,
                stream,
                cacheSalt,
                skipSpecialTokens,
                includeStopString);
    }

    /// Without special tokens that are not like others.
    public RequestSpec(
            long id,
            List<Choice> choices,
            Caller caller,
            Duration timeout,
            boolean stream,
            String cacheSalt,
            boolean skipSpecialTokens,
            boolean includeStopString) {
        this(
                id,
                choices,
                caller,
                timeout,
                stream,
                cacheSalt,
                skipSpecialTokens,
                Tokens.NONE,
                includeStopString);
    }

    /// One token timeline.
    public record Choice(Tokens prompt, SamplingParams params) {}
}
