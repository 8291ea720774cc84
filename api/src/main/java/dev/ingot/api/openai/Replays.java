package dev.ingot.api.openai;

import dev.ingot.api.http.RequestThreads;
import dev.ingot.api.openai.ReplayActor.Ask;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/// The streams of this process whose clients may come back to them, by their ids.
final class Replays implements Extension {
    /// Together with [ReplayActor#KEPT_BYTES], what all of them may take.
    static final int MOST = 1024;

    private static final Id ID = new Id();

    private final ActorRef<Command> actor;

    private Replays(ActorRef<Command> actor) {
        this.actor = actor;
    }

    /// What it hears.
    sealed interface Command {}

    /// Begin one.
    ///
    /// @param owner who may come back to it
    record Open(String id, String owner, Duration window, ActorRef<Opened> replyTo)
            implements Command {}

    /// It has begun.
    ///
    /// @param stream null where there are too many
    record Opened(@Nullable ActorRef<ReplayActor.Command> stream) {}

    /// Ask one of them, in the name of its owner.
    record Find(String id, String owner, Ask ask) implements Command {}

    private record Complete(String id) implements Command {}

    private record Stopped(String id) implements Command {}

    private static final class Id extends ExtensionId<Replays> {
        @Override
        public Replays createExtension(ActorSystem<?> system) {
            return new Replays(
                    system.systemActorOf(
                            Behaviors.setup(
                                    context -> Behaviors.receiveMessage(new All(context)::on)),
                            "replays",
                            RequestThreads.props()));
        }
    }

    /// Those of this process.
    static ActorRef<Command> of(ActorSystem<?> system) {
        return system.registerExtension(ID).actor;
    }

    private record Entry(String owner, ActorRef<ReplayActor.Command> stream) {}

    private static final class All {
        private final ActorContext<Command> context;
        private final Map<String, Entry> streams = new HashMap<>();

        /// Those that only wait for a client that may have missed the end, oldest first.
        private final Set<String> complete = new LinkedHashSet<>();

        All(ActorContext<Command> context) {
            this.context = context;
        }

        Behavior<Command> on(Command message) {
            switch (message) {
                case Open open -> open.replyTo().tell(new Opened(open(open)));
                case Find find -> {
                    var entry = streams.get(find.id());
                    if (entry == null || !entry.owner().equals(find.owner())) {
                        find.ask().replyTo().tell(ReplayActor.Unknown.INSTANCE);
                    } else {
                        entry.stream().tell(find.ask());
                    }
                }
                case Complete(String id) -> {
                    if (streams.containsKey(id)) {
                        complete.add(id);
                    }
                }
                case Stopped(String id) -> {
                    streams.remove(id);
                    complete.remove(id);
                }
            }
            return Behaviors.same();
        }

        private @Nullable ActorRef<ReplayActor.Command> open(Open open) {
            if (streams.size() >= MOST && !complete.isEmpty()) {
                String oldest = complete.iterator().next();
                complete.remove(oldest);
                var entry = streams.remove(oldest);
                if (entry != null) {
                    entry.stream().tell(ReplayActor.Abandon.INSTANCE);
                }
            }
            if (streams.size() >= MOST || streams.containsKey(open.id())) {
                return null;
            }
            ActorRef<Command> self = context.getSelf();
            var stream =
                    context.spawnAnonymous(
                            ReplayActor.create(
                                    open.id(),
                                    open.window(),
                                    () -> self.tell(new Complete(open.id()))),
                            DispatcherSelector.sameAsParent());
            context.watchWith(stream, new Stopped(open.id()));
            streams.put(open.id(), new Entry(open.owner(), stream));
            return stream;
        }
    }
}
