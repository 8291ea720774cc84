package dev.ingot.api.openai;

import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.ClientGoneException;
import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.scheduler.RequestSpec;
import dev.ingot.scheduler.Requests;
import dev.ingot.scheduler.Requests.Handle;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.BehaviorBuilder;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.japi.function.Function;

/// Stands for one waiting client towards its request: opens it, follows it, ends it when the client is gone.
///
/// ```
/// opening ──▶ open ──▶ following (stream) ──▶ stopped
///    │          └────▶ collecting (whole) ──▶ stopped
///    └──▶ abandoned   the client left first: what is opened after all is ended at once
/// ```
final class ExchangeActor {
    /// What an exchange is told.
    sealed interface Command {}

    /// The response is being read: tell outputs to `stream`, which takes [StreamSignal] too.
    record Follow(ActorRef<Object> stream) implements Command {}

    /// The stream has passed the request's last word on.
    enum Delivered implements Command {
        INSTANCE
    }

    /// Complete `whole` with the whole answer.
    record Collect(CompletableFuture<Requests.Whole> whole) implements Command {}

    /// The client closed its connection or stopped reading; idempotent.
    enum ClientLeft implements Command {
        INSTANCE
    }

    private record Answered(Requests.Answer answer) implements Command {}

    private record Collected(Requests.Whole whole) implements Command {}

    private enum Deadline implements Command {
        OPEN,
        LINGER
    }

    private enum HandleStopped implements Command {
        INSTANCE
    }

    /// What a stream hears beside outputs.
    enum StreamSignal {
        /// No output will come any more: pass on what is there, then end.
        REQUEST_STOPPED,
        /// The client has closed its side: end now.
        CLIENT_LEFT
    }

    private static final Duration RETRY_SOON = Duration.ofSeconds(1);
    private static final Duration LINGER = Duration.ofSeconds(30);

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final CompletableFuture<Exchange> opened;
    private final ClientConnection.Registration registration;

    private ExchangeActor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            ClientConnection client,
            CompletableFuture<Exchange> opened) {
        this.context = context;
        this.timers = timers;
        this.opened = opened;
        var self = context.getSelf();
        registration = client.register(() -> self.tell(ClientLeft.INSTANCE));
    }

    /// A new exchange, which opens its request at once.
    ///
    /// @param opened completed once the request runs; failed with [ApiException] when it does not,
    ///     with [ClientGoneException] when the client left before
    static Behavior<Command> create(
            ActorRef<Requests.Command> requests,
            RequestSpec spec,
            ClientConnection client,
            Duration openTimeout,
            CompletableFuture<Exchange> opened) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> {
                    timers.startSingleTimer(Deadline.OPEN, openTimeout);
                    requests.tell(
                            new Requests.Open(
                                    spec,
                                    context.messageAdapter(Requests.Answer.class, Answered::new)));
                    return new ExchangeActor(context, timers, client, opened).opening();
                }));
    }

    private Behavior<Command> opening() {
        return phase(message ->
                switch (message) {
                    case Answered(Requests.Opened(var handle)) -> onOpened(handle);
                    case Answered(Requests.Refused refused) -> onRefused(refused);
                    case ClientLeft _ -> abandon(new ClientGoneException());
                    case Deadline _ -> abandon(notOpenedInTime());
                    case Follow _, Collect _, Delivered _, Collected _, HandleStopped _ ->
                            Behaviors.unhandled();
                });
    }

    private Behavior<Command> abandoned() {
        return phase(message ->
                switch (message) {
                    case Answered(Requests.Opened(var handle)) -> end(handle);
                    case Answered(Requests.Refused _) -> Behaviors.stopped();
                    case ClientLeft _, Deadline _ -> Behaviors.same();
                    case Follow _, Collect _, Delivered _, Collected _, HandleStopped _ ->
                            Behaviors.unhandled();
                });
    }

    private Behavior<Command> open(ActorRef<Handle> handle) {
        return phase(message ->
                switch (message) {
                    case Follow(var stream) -> onFollow(handle, stream);
                    case Collect(var whole) -> onCollect(handle, whole);
                    case ClientLeft _ -> {
                        handle.tell(Requests.ClientGone.INSTANCE);
                        yield lost(new ClientGoneException());
                    }
                    case HandleStopped _ -> lost(requestLost());
                    case Deadline _ -> Behaviors.same();
                    case Answered _, Delivered _, Collected _ -> Behaviors.unhandled();
                });
    }

    private Behavior<Command> following(ActorRef<Handle> handle, ActorRef<Object> stream) {
        return phase(message ->
                switch (message) {
                    case Delivered _ -> Behaviors.stopped();
                    case ClientLeft _ -> {
                        handle.tell(Requests.ClientGone.INSTANCE);
                        stream.tell(StreamSignal.CLIENT_LEFT);
                        yield ending();
                    }
                    case HandleStopped _ -> {
                        stream.tell(StreamSignal.REQUEST_STOPPED);
                        yield ending();
                    }
                    case Deadline _ -> Behaviors.same();
                    case Follow _, Collect _, Answered _, Collected _ -> Behaviors.unhandled();
                });
    }

    /// The stream was told to end.
    private Behavior<Command> ending() {
        return phase(message ->
                switch (message) {
                    case Delivered _, ClientLeft _ -> Behaviors.stopped();
                    case HandleStopped _, Deadline _ -> Behaviors.same();
                    case Follow _, Collect _, Answered _, Collected _ -> Behaviors.unhandled();
                });
    }

    private Behavior<Command> collecting(
            ActorRef<Handle> handle, CompletableFuture<Requests.Whole> whole) {
        return phase(message ->
                switch (message) {
                    case Collected(var answer) -> {
                        whole.complete(answer);
                        yield Behaviors.stopped();
                    }
                    case ClientLeft _ -> {
                        whole.completeExceptionally(new ClientGoneException());
                        yield end(handle);
                    }
                    case HandleStopped _ -> {
                        whole.completeExceptionally(requestLost());
                        yield Behaviors.stopped();
                    }
                    case Deadline _ -> Behaviors.same();
                    case Follow _, Collect _, Answered _, Delivered _ -> Behaviors.unhandled();
                });
    }

    /// The request or its client was gone before anybody asked for output. Whoever asks after all is told, for a
    /// while.
    private Behavior<Command> lost(RuntimeException why) {
        timers.startSingleTimer(Deadline.LINGER, LINGER);
        return phase(message ->
                switch (message) {
                    case Follow(var stream) -> {
                        stream.tell(StreamSignal.REQUEST_STOPPED);
                        yield ending();
                    }
                    case Collect(var whole) -> {
                        whole.completeExceptionally(why);
                        yield Behaviors.stopped();
                    }
                    case Deadline deadline ->
                            deadline == Deadline.LINGER ? Behaviors.stopped() : Behaviors.same();
                    case ClientLeft _, HandleStopped _ -> Behaviors.same();
                    case Answered _, Delivered _, Collected _ -> Behaviors.unhandled();
                });
    }

    private Behavior<Command> onOpened(ActorRef<Handle> handle) {
        context.watchWith(handle, HandleStopped.INSTANCE);
        opened.complete(new Exchange(context.getSelf(), handle));
        return open(handle);
    }

    private Behavior<Command> onRefused(Requests.Refused refused) {
        opened.completeExceptionally(new ApiException(errorOf(refused)));
        return Behaviors.stopped();
    }

    private Behavior<Command> onFollow(ActorRef<Handle> handle, ActorRef<Object> stream) {
        handle.tell(new Requests.Attach(stream.narrow()));
        return following(handle, stream);
    }

    private Behavior<Command> onCollect(
            ActorRef<Handle> handle, CompletableFuture<Requests.Whole> whole) {
        handle.tell(
                new Requests.Collect(context.messageAdapter(Requests.Whole.class, Collected::new)));
        return collecting(handle, whole);
    }

    private Behavior<Command> abandon(RuntimeException why) {
        opened.completeExceptionally(why);
        return abandoned();
    }

    private static Behavior<Command> end(ActorRef<Handle> handle) {
        handle.tell(Requests.ClientGone.INSTANCE);
        return Behaviors.stopped();
    }

    private Behavior<Command> phase(Function<Command, Behavior<Command>> onMessage) {
        return BehaviorBuilder.<Command>create()
                .onAnyMessage(onMessage)
                .onSignal(PostStop.class, _ -> onStop())
                .build();
    }

    /// Whatever ends this actor, nobody waits for it afterwards.
    private Behavior<Command> onStop() {
        registration.close();
        opened.completeExceptionally(
                new ApiException(ApiError.internal("The server is stopping.")));
        return Behaviors.same();
    }

    static ApiError errorOf(Requests.Refused refused) {
        return switch (refused.reason()) {
            case QUEUE_FULL ->
                    ApiError.queueFull(refused.message(), atLeastSoon(refused.retryAfter()));
            case INVALID -> ApiError.badBody(refused.message());
            case TIMED_OUT -> ApiError.deadlineExceeded(refused.message());
            case TOO_LONG -> ApiError.contextLengthExceeded(refused.message(), null);
            case NOT_READY ->
                    ApiError.notReady(refused.message(), atLeastSoon(refused.retryAfter()));
        };
    }

    private static Duration atLeastSoon(Duration retryAfter) {
        return retryAfter.compareTo(RETRY_SOON) < 0 ? RETRY_SOON : retryAfter;
    }

    private static ApiException notOpenedInTime() {
        return new ApiException(
                ApiError.notReady("The engine did not take the request in time.", RETRY_SOON));
    }

    private static ApiException requestLost() {
        return new ApiException(ApiError.internal("The request was lost."));
    }
}
