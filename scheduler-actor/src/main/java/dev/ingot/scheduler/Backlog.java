package dev.ingot.scheduler;

import dev.ingot.engine.schedule.SchedulerLimits;
import dev.ingot.scheduler.Requests.Reason;
import dev.ingot.scheduler.Requests.Refused;
import java.time.Duration;
import java.util.Optional;

/// What waits at one moment, and how fast it goes.
///
/// @param sequences that wait
/// @param tokens of prompts that are not computed yet, of waiting and running sequences
/// @param drainRate how fast prompt tokens have been computed lately
record Backlog(int sequences, long tokens, DrainRate drainRate) {
    /// Why one more prompt of this length is too much; empty where it is not. What finds nothing before it is taken
    /// whatever its length.
    Optional<String> refuse(int promptLength, SchedulerLimits limits) {
        if (sequences >= limits.maxWaiting()) {
            return Optional.of(tooMany());
        }
        long most = limits.policy().maxQueuedTokens();
        if (tokens > 0 && tokens + promptLength > most) {
            return Optional.of(
                    tokens
                            + " prompt tokens are waiting to be computed, and this prompt has "
                            + promptLength
                            + "; the limit is "
                            + most);
        }
        return Optional.empty();
    }

    /// What whoever comes is told when nobody is taken any more, whatever the prompt.
    Refused refuseAll() {
        return new Refused(Reason.QUEUE_FULL, tooMany(), timeToHalf());
    }

    private String tooMany() {
        return sequences + " requests are waiting, which is the limit";
    }

    /// When half of it will be gone.
    Duration timeToHalf() {
        return drainRate.timeToDrain(tokens / 2);
    }
}
