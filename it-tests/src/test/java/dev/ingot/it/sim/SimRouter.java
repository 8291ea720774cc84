package dev.ingot.it.sim;

import dev.ingot.scheduler.Engines;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// Names the engine that serves at the moment, as a cluster's router does.
final class SimRouter {
    private SimRouter() {}

    /// @param later tells an engine's name when it is time
    static Behavior<Engines.Command> create(
            Supplier<ActorRef<Engines.Command>> serving, Consumer<Runnable> later) {
        return Behaviors.setup(context ->
                Behaviors.receiveMessage(message -> {
                    if (message instanceof Engines.Find find) {
                        serving.get()
                                .tell(
                                        new Engines.Find(
                                                find.wanted(),
                                                find.left(),
                                                find.wasFull(),
                                                relay(context, find, later)));
                    }
                    return Behaviors.same();
                }));
    }

    /// Where an engine drains before it has answered, the next one is asked.
    private static ActorRef<Engines.Answer> relay(
            ActorContext<Engines.Command> context, Engines.Find find, Consumer<Runnable> later) {
        var router = context.getSelf();
        return context.spawnAnonymous(
                Behaviors.<Engines.Answer>receiveMessage(answer -> {
                    switch (answer) {
                        case Engines.Found found -> later.accept(() -> find.replyTo().tell(found));
                        case Engines.AllFull full -> find.replyTo().tell(full);
                        case Engines.NoEngine _ -> router.tell(find);
                    }
                    return Behaviors.stopped();
                }));
    }
}
