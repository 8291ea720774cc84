package dev.ingot.scheduler;

import dev.ingot.engine.text.Tokenizer;
import dev.ingot.scheduler.Requests.AllEnded;
import dev.ingot.scheduler.Requests.AwaitEnd;
import dev.ingot.scheduler.Requests.Command;
import dev.ingot.scheduler.Requests.Open;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/// Spawns a [RequestActor] for every request of this node.
public final class RequestsActor {
    private final ActorContext<Command> context;
    private final String model;
    private final Tokenizer tokenizer;
    private final ActorRef<Engines.Command> engines;
    private final EngineMetrics metrics;
    private final LongSupplier nanoClock;
    private final List<ActorRef<AllEnded>> awaiting = new ArrayList<>();
    private int open;

    private RequestsActor(
            ActorContext<Command> context,
            String model,
            Tokenizer tokenizer,
            ActorRef<Engines.Command> engines,
            EngineMetrics metrics,
            LongSupplier nanoClock) {
        this.context = context;
        this.model = model;
        this.tokenizer = tokenizer;
        this.engines = engines;
        this.metrics = metrics;
        this.nanoClock = nanoClock;
    }

    /// For one model.
    ///
    /// @param model the name under which engines serve it
    /// @param engines whom a request asks for an engine
    /// @param nanoClock monotonic
    public static Behavior<Command> create(
            String model,
            Tokenizer tokenizer,
            ActorRef<Engines.Command> engines,
            EngineMetrics metrics,
            LongSupplier nanoClock) {
        return Behaviors.setup(context ->
                new RequestsActor(context, model, tokenizer, engines, metrics, nanoClock)
                        .behavior());
    }

    private Behavior<Command> behavior() {
        return Behaviors.receive(Command.class)
                .onAnyMessage(this::on)
                .onSignal(Terminated.class, this::ended)
                .build();
    }

    private Behavior<Command> ended(Terminated signal) {
        if (signal instanceof ChildFailed) {
            metrics.requestCrashed();
        }
        open--;
        return tellIfAllEnded();
    }

    private Behavior<Command> on(Command message) {
        return switch (message) {
            case Open(RequestSpec spec, ActorRef<Requests.Answer> replyTo) -> {
                var request =
                        context.spawnAnonymous(
                                RequestActor.create(
                                        spec, model, tokenizer, engines, replyTo, metrics,
                                        nanoClock),
                                DispatcherSelector.sameAsParent());
                context.watch(request);
                open++;
                yield Behaviors.same();
            }
            case AwaitEnd(ActorRef<AllEnded> replyTo) -> {
                awaiting.add(replyTo);
                yield tellIfAllEnded();
            }
        };
    }

    private Behavior<Command> tellIfAllEnded() {
        if (open == 0) {
            awaiting.forEach(replyTo -> replyTo.tell(AllEnded.INSTANCE));
            awaiting.clear();
        }
        return Behaviors.same();
    }
}
