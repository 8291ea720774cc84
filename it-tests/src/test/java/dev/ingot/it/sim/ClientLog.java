package dev.ingot.it.sim;

import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.Requests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Everything that one client was told, and how it ended.
final class ClientLog {
    /// How it ended for the client.
    enum End {
        /// Every choice has its reason.
        COMPLETED,
        BROKEN,
        /// Its own time was up, or the queue's limit.
        TIMED_OUT,
        REFUSED,
        LEFT,
        /// The request's actor ended without a last word.
        DIED,
        /// Nobody ever answered.
        UNANSWERED
    }

    private static final Duration LATE = Duration.ofSeconds(1);

    /// A request gives up for good when it has lost so many.
    private static final int MANY_ENGINES = 16;

    /// Tokens that an engine may be ahead of a stream's reader.
    private static final int WINDOW = 16;

    private final Workload.Client client;
    private final List<Tokens> tokens = new ArrayList<>();
    private final Map<Integer, FinishReason> reasons = new HashMap<>();
    private @Nullable End end;
    private String message = "";
    private Requests.@Nullable Reason refusal;
    private boolean opened;
    private boolean expiredInQueue;
    private long arrivedNanos;
    private long endedNanos;

    ClientLog(Workload.Client client) {
        this.client = client;
        client.spec().choices().forEach(_ -> tokens.add(Tokens.NONE));
    }

    @Nullable End end() {
        return end;
    }

    String message() {
        return message;
    }

    int outputs() {
        return tokens.stream().mapToInt(Tokens::size).sum();
    }

    void arrived(long nanos) {
        arrivedNanos = nanos;
    }

    void opened() {
        require(!opened && end == null, "is opened twice or after its end");
        opened = true;
    }

    void refused(Requests.Refused refused) {
        require(!opened, "is refused after it was opened");
        refusal = refused.reason();
        end(End.REFUSED, refused.reason() + ": " + refused.message());
    }

    void told(Output output) {
        require(end == null, "is told something after its end: " + output);
        switch (output) {
            case Output.Delta delta -> {
                require(!reasons.containsKey(delta.choice()), "goes on after a choice's end");
                require(
                        !client.spec().stream() || delta.tokens().size() <= WINDOW,
                        "is sent " + delta.tokens().size() + " tokens that it did not ask for");
                tokens.set(delta.choice(), tokens.get(delta.choice()).plus(delta.tokens()));
            }
            case Output.ChoiceFinished finished -> {
                var before = reasons.put(finished.choice(), finished.reason());
                require(before == null, "has a choice that ends twice");
            }
            case Output.Completed completed -> {
                require(
                        reasons.size() == tokens.size(),
                        "completed without an end for every choice");
                require(
                        completed.usage().outputTokens() == outputs(),
                        "is told " + completed.usage() + " for " + outputs() + " tokens");
                end(End.COMPLETED, "");
            }
            case Output.Broken(String why) -> end(End.BROKEN, why);
            case Output.TimedOut timedOut -> {
                expiredInQueue = timedOut.inQueue();
                end(End.TIMED_OUT, timedOut.message());
            }
        }
    }

    void end(End how, String why) {
        require(end == null, "ends twice: " + end + ", then " + how + " " + why);
        end = how;
        message = why;
    }

    /// Its end was at this moment.
    void over(long nanos) {
        endedNanos = nanos;
    }

    /// A request that is to end in time does so, and not before; where its reader dawdles, it hears of it later.
    private void judgeTime(SimSettings settings) {
        long nanos = endedNanos - arrivedNanos;
        var timeout = client.spec().timeout();
        if (end == End.TIMED_OUT || refusal == Requests.Reason.TIMED_OUT) {
            var least = expiredInQueue ? settings.policy().maxQueueTime() : timeout;
            require(nanos >= least.toNanos(), "timed out after " + nanos + " ns, before " + least);
        }
        boolean waits = client.readDelayNanos() == 0 && client.stallsAfter() == Integer.MAX_VALUE;
        if (timeout.isPositive() && waits && end != End.UNANSWERED && end != End.LEFT) {
            require(
                    nanos <= timeout.plus(LATE).toNanos(),
                    "ended after " + nanos + " ns, and was to end within " + timeout);
        }
    }

    /// Compares what was told with what had to be.
    ///
    /// @param enginesLost and counted by now; that which it has just lost may not be
    /// @param enginesDrained which a request leaves, too
    void judge(SimSettings settings, Ledger ledger, double enginesLost, int enginesDrained) {
        for (int i = 0; i < tokens.size(); i++) {
            var expected =
                    Oracle.answer(
                            client.spec().choices().get(i),
                            i,
                            settings.maxModelLength(),
                            settings.groups());
            var told = tokens.get(i);
            require(
                    told.size() <= expected.tokens().size()
                            && Tokens.of(expected.tokens().toArray(), 0, told.size()).equals(told),
                    "choice " + i + " was told " + list(told) + " of " + list(expected.tokens()));
            var reason = reasons.get(i);
            if (reason != null) {
                require(
                        reason == expected.reason() && told.equals(expected.tokens()),
                        "choice "
                                + i
                                + " ended with "
                                + reason
                                + " after "
                                + told.size()
                                + " tokens, not "
                                + expected.reason()
                                + " after "
                                + expected.tokens().size());
            }
        }
        judgeTime(settings);
        if (end == End.REFUSED) {
            boolean may =
                    switch (Objects.requireNonNull(refusal)) {
                        case QUEUE_FULL ->
                                settings.maxWaiting() < settings.requests()
                                        || settings.policy().maxQueuedTokens()
                                                < SchedulingPolicy.DEFAULT.maxQueuedTokens();
                        case TIMED_OUT -> client.spec().timeout().isPositive();
                        case NOT_READY -> enginesLost > 0;
                        case TOO_LONG, INVALID -> false;
                    };
            require(may, "was refused for nothing: " + message);
        }
        if (end == End.TIMED_OUT) {
            boolean may =
                    expiredInQueue
                            ? settings.policy().maxQueueTime().isPositive()
                            : client.spec().timeout().isPositive();
            require(may, "timed out for nothing: " + message);
        }
        if (end == End.BROKEN) {
            require(
                    ledger.mayFail(client.spec().id())
                            || enginesLost + 1 + enginesDrained > MANY_ENGINES,
                    "was broken off for nothing: " + message);
        }
    }

    private static String list(Tokens tokens) {
        return java.util.Arrays.toString(tokens.toArray());
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new Violation("request " + client.spec().id() + " " + otherwise);
        }
    }
}
