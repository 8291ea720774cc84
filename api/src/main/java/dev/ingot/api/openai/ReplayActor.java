package dev.ingot.api.openai;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/// A stream whose client may come back to it: it numbers the events, keeps the last of them, and waits for a while
/// where nobody reads.
///
/// ```
/// request ──Offered──▶ numbered, kept ──one at a time──▶ reader, the newest one
///         ◀──Ack────── as soon as the reader has taken it
/// ```
///
/// While nobody reads, nothing is acknowledged: the sequence pauses as it does for a slow reader. An event is kept once
/// the reader has taken all before it; the oldest go where they are more than [#KEPT_BYTES], so that the memory of a
/// stream is bounded.
final class ReplayActor {
    /// Of events that were told; the last one is kept however long it is. More than lies in the buffers of a connection.
    static final int KEPT_BYTES = 64 << 10;

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final String id;
    private final Duration window;
    private final Runnable complete;
    private final List<ByteString> kept = new ArrayList<>();

    private long first = 1;
    private long next = 1;
    private long keptBytes;
    private @Nullable Offered offered;
    private boolean ended;
    private @Nullable Reader reader;
    private boolean readerIsBusy;

    /// What it hears.
    sealed interface Command {}

    /// The request's side is ready to offer.
    record Begun(ActorRef<Ack> ackTo) implements Command {}

    /// The next event.
    record Offered(ByteString event, ActorRef<Ack> ackTo) implements Command {}

    /// No event follows.
    enum Ended implements Command {
        INSTANCE
    }

    /// Offer the next one.
    enum Ack {
        INSTANCE
    }

    /// Somebody wants to read what follows this event, and will. Whoever has read so far reads no more.
    record Ask(long after, ActorRef<Answer> replyTo) implements Command {}

    /// What an [Ask] comes to.
    sealed interface Answer permits Found, Gone, Ahead, Unknown {}

    /// It can be read.
    record Found(ActorRef<Command> stream) implements Answer {}

    /// It is kept no more.
    ///
    /// @param first the first event that is
    record Gone(long first) implements Answer {}

    /// It was not told yet.
    ///
    /// @param last event that was
    record Ahead(long last) implements Answer {}

    /// There is no such stream, or it is somebody else's.
    enum Unknown implements Answer {
        INSTANCE
    }

    /// Tell events to this reader from the one after `after` on, each when the one before was taken.
    record Read(Reader reader, long after) implements Command {}

    /// The reader has passed the last event on.
    record Taken(Object key) implements Command {}

    /// The reader is gone.
    record Left(Object key) implements Command {}

    /// There will be no reader any more.
    enum Abandon implements Command {
        INSTANCE
    }

    /// One connection.
    ///
    /// @param key tells it from others
    /// @param stream takes events and [Signal]s
    record Reader(Object key, ActorRef<Object> stream) {}

    /// What a reader hears beside events.
    enum Signal {
        /// That was the last one.
        END,
        /// Somebody else reads now, or what it wanted is gone.
        CLOSED
    }

    private ReplayActor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            String id,
            Duration window,
            Runnable complete) {
        this.context = context;
        this.timers = timers;
        this.id = id;
        this.window = window;
        this.complete = complete;
    }

    /// @param id begins the ids of the events, which go on with `-` and their number
    /// @param window how long it waits for a reader
    /// @param complete called when a reader was told the end
    static Behavior<Command> create(String id, Duration window, Runnable complete) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    var replay = new ReplayActor(context, timers, id, window, complete);
                    replay.awaitReader();
                    return Behaviors.receiveMessage(replay::on);
                }));
    }

    private Behavior<Command> on(Command message) {
        switch (message) {
            case Begun(ActorRef<Ack> ackTo) -> ackTo.tell(Ack.INSTANCE);
            case Offered event -> {
                offered = event;
                feed();
            }
            case Ended _ -> {
                ended = true;
                feed();
            }
            case Ask(long after, ActorRef<Answer> replyTo) -> ask(after, replyTo);
            case Read(Reader now, long after) -> read(now, after);
            case Taken(Object key) -> {
                if (isReader(key)) {
                    readerIsBusy = false;
                    feed();
                }
            }
            case Left(Object key) -> {
                if (isReader(key)) {
                    awaitReader();
                }
            }
            case Abandon _ -> {
                dismissReader();
                return Behaviors.stopped();
            }
        }
        return Behaviors.same();
    }

    // ------------------------------------------------------------------ readers

    private boolean isReader(Object key) {
        return reader != null && reader.key().equals(key);
    }

    private void awaitReader() {
        reader = null;
        timers.startSingleTimer(Abandon.INSTANCE, window);
    }

    private void dismissReader() {
        if (reader != null) {
            reader.stream().tell(Signal.CLOSED);
        }
        awaitReader();
    }

    private void ask(long after, ActorRef<Answer> replyTo) {
        if (after > last()) {
            replyTo.tell(new Ahead(last()));
        } else if (after + 1 < first) {
            replyTo.tell(new Gone(first));
        } else {
            dismissReader(); // From now on nothing that was asked for can go.
            replyTo.tell(new Found(context.getSelf()));
        }
    }

    private void read(Reader now, long after) {
        dismissReader();
        if (after + 1 < first) {
            now.stream().tell(Signal.CLOSED); // Another one has read on meanwhile.
            return;
        }
        timers.cancel(Abandon.INSTANCE);
        reader = now;
        readerIsBusy = false;
        next = after + 1;
        feed();
    }

    // ------------------------------------------------------------------ events

    private long last() {
        return first + kept.size() - 1;
    }

    /// Tells the reader the next event, if it wants one and there is one.
    private void feed() {
        var to = reader;
        if (to == null || readerIsBusy) {
            return;
        }
        var event = offered;
        if (next > last() && event != null) {
            keep(event.event());
            offered = null;
            event.ackTo().tell(Ack.INSTANCE);
        }
        if (next <= last()) {
            readerIsBusy = true;
            to.stream().tell(kept.get((int) (next++ - first)));
        } else if (ended) {
            to.stream().tell(Signal.END);
            complete.run();
        }
    }

    private void keep(ByteString event) {
        var name = "id: " + id + "-" + (last() + 1) + "\n";
        var numbered =
                ByteString.fromString(name, StandardCharsets.US_ASCII).concat(event).compact();
        kept.add(numbered);
        keptBytes += numbered.size();
        while (keptBytes > KEPT_BYTES && kept.size() > 1) {
            keptBytes -= kept.removeFirst().size();
            first++;
        }
    }
}
