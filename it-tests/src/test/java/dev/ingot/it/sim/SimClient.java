package dev.ingot.it.sim;

import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.Requests;
import java.time.Duration;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/// A client, as the HTTP layer stands for one: opens a request, reads at its own pace, may leave at any time.
final class SimClient {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration STALL_LIMIT = Duration.ofSeconds(90);

    private final ActorContext<Message> context;
    private final TimerScheduler<Message> timers;
    private final Simulation world;
    private final Workload.Client client;
    private final ClientLog log;
    private @Nullable ActorRef<Requests.Handle> handle;
    private boolean left;
    private int outputs;

    sealed interface Message permits Signal, Answered, Told, Collected {}

    private enum Signal implements Message {
        ARRIVE,
        READ,
        LEAVE,
        NO_ANSWER
    }

    private record Answered(Requests.Answer answer) implements Message {}

    private record Told(Output output) implements Message {}

    private record Collected(Requests.Whole whole) implements Message {}

    private SimClient(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Simulation world,
            Workload.Client client,
            ClientLog log) {
        this.context = context;
        this.timers = timers;
        this.world = world;
        this.client = client;
        this.log = log;
    }

    static Behavior<Message> create(Simulation world, Workload.Client client, ClientLog log) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    timers.startSingleTimer(Signal.ARRIVE, client.arrival());
                    var actor = new SimClient(context, timers, world, client, log);
                    return Behaviors.receive(Message.class)
                            .onAnyMessage(actor::on)
                            .onSignal(Terminated.class, _ -> actor.died())
                            .build();
                }));
    }

    private Behavior<Message> on(Message message) {
        return switch (message) {
            case Signal signal -> on(signal);
            case Answered(Requests.Answer answer) -> answered(answer);
            case Told(Output output) -> told(output);
            case Collected(Requests.Whole whole) -> {
                whole.outputs().forEach(log::told);
                yield over();
            }
        };
    }

    private Behavior<Message> on(Signal signal) {
        return switch (signal) {
            case ARRIVE -> {
                log.arrived(world.nanos());
                timers.startSingleTimer(Signal.NO_ANSWER, PATIENCE);
                if (client.leaves() != null) {
                    timers.startSingleTimer(Signal.LEAVE, client.leaves());
                }
                world.requests()
                        .tell(
                                new Requests.Open(
                                        client.spec(),
                                        context.messageAdapter(
                                                Requests.Answer.class, Answered::new)));
                yield Behaviors.same();
            }
            case READ -> {
                if (handle != null) {
                    handle.tell(Requests.Taken.INSTANCE);
                }
                yield Behaviors.same();
            }
            case LEAVE -> leave();
            case NO_ANSWER -> {
                log.end(ClientLog.End.UNANSWERED, "");
                yield over();
            }
        };
    }

    private Behavior<Message> answered(Requests.Answer answer) {
        timers.cancel(Signal.NO_ANSWER);
        switch (answer) {
            case Requests.Refused refused -> {
                if (left) {
                    log.end(ClientLog.End.LEFT, "");
                } else {
                    log.refused(refused);
                }
                return over();
            }
            case Requests.Opened(ActorRef<Requests.Handle> opened) -> {
                log.opened();
                handle = opened;
                if (left) {
                    return leave();
                }
                context.watch(opened);
                world.opened(opened);
                if (client.stallsAfter() == 0) {
                    timers.startSingleTimer(Signal.LEAVE, STALL_LIMIT);
                } else if (client.spec().stream()) {
                    opened.tell(
                            new Requests.Attach(context.messageAdapter(Output.class, Told::new)));
                } else {
                    opened.tell(
                            new Requests.Collect(
                                    context.messageAdapter(Requests.Whole.class, Collected::new)));
                }
                return Behaviors.same();
            }
        }
    }

    private Behavior<Message> told(Output output) {
        world.heard();
        log.told(output);
        outputs++;
        if (log.end() != null) {
            if (handle != null) {
                handle.tell(Requests.Taken.INSTANCE);
            }
            return over();
        }
        if (outputs >= client.stallsAfter()) {
            timers.startSingleTimer(Signal.LEAVE, STALL_LIMIT);
        } else if (client.readDelayNanos() > 0) {
            long delay = (long) (client.readDelayNanos() * world.random().nextDouble());
            timers.startSingleTimer(Signal.READ, Duration.ofNanos(delay));
        } else if (handle != null) {
            handle.tell(Requests.Taken.INSTANCE);
        }
        return Behaviors.same();
    }

    private Behavior<Message> leave() {
        left = true;
        if (handle == null) {
            return Behaviors
                    .same(); // The answer is on its way; nobody is there any more to hear it.
        }
        context.unwatch(handle);
        handle.tell(Requests.ClientGone.INSTANCE);
        log.end(ClientLog.End.LEFT, "");
        return over();
    }

    private Behavior<Message> died() {
        if (client.stallsAfter() == 0) {
            log.end(ClientLog.End.LEFT, ""); // It never attached, and was given up.
        } else {
            log.end(ClientLog.End.DIED, "");
        }
        return over();
    }

    private Behavior<Message> over() {
        world.clientOver(log);
        return Behaviors.stopped();
    }
}
