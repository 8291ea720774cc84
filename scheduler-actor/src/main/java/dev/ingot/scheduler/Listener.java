package dev.ingot.scheduler;

import dev.ingot.scheduler.Requests.Whole;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// The client of a request, as far as it listens: to a stream, which hears one thing at a time and takes it before the
/// next, or to the whole answer at once. Behind all else it hears one last word.
final class Listener {
    private final Choices choices;
    private final List<Output> collected = new ArrayList<>();
    private @Nullable ActorRef<Output> stream;
    private @Nullable ActorRef<Whole> collector;
    private @Nullable Output lastWord;
    private boolean outstanding;
    private boolean lastWordTold;

    Listener(Choices choices) {
        this.choices = choices;
    }

    /// How much it has been told by now.
    enum Told {
        NOT_ALL,
        /// The last word just now, which the stream has yet to take.
        LAST_WORD,
        /// All, and nothing is expected of it any more.
        ALL
    }

    void attach(ActorRef<Output> to) {
        stream = to;
    }

    void collect(ActorRef<Whole> to) {
        collector = to;
    }

    /// Whether its last word stands, told or not.
    boolean hasLastWord() {
        return lastWord != null;
    }

    /// Nothing is added to the choices any more: what is pending is told, and then this.
    void lastWord(Output word) {
        lastWord = word;
    }

    /// Tells it what is pending, as far as it asks for it.
    Told tell() {
        if (stream != null) {
            return tell(stream);
        }
        return collector != null && lastWord != null ? tell(collector, lastWord) : Told.NOT_ALL;
    }

    private Told tell(ActorRef<Output> to) {
        if (outstanding || lastWordTold) {
            return Told.NOT_ALL;
        }
        var output = choices.next();
        if (output == null) {
            output = lastWord;
            lastWordTold = lastWord != null;
        }
        if (output != null) {
            outstanding = true;
            to.tell(output);
        }
        return lastWordTold ? Told.LAST_WORD : Told.NOT_ALL;
    }

    private Told tell(ActorRef<Whole> to, Output last) {
        for (var output = choices.next(); output != null; output = choices.next()) {
            collected.add(output);
        }
        collected.add(last);
        to.tell(new Whole(collected));
        return Told.ALL;
    }

    /// The stream has taken what it was told.
    ///
    /// @return whether that was the last word
    boolean taken() {
        outstanding = false;
        return lastWordTold;
    }
}
