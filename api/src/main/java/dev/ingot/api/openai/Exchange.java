package dev.ingot.api.openai;

import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.RequestThreads;
import dev.ingot.api.openai.ExchangeActor.StreamSignal;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.RequestSpec;
import dev.ingot.scheduler.Requests;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.CompletionStrategy;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.typed.javadsl.ActorSource;

/// An open request and the one client that waits for it: its output is read either as a stream or whole.
///
/// The request is told that its client is gone when the connection closes, when the response's stream is cancelled,
/// and when the client left before the request was open. It may hear so twice.
final class Exchange {
    private final ActorRef<ExchangeActor.Command> actor;
    private final ActorRef<Requests.Handle> handle;

    Exchange(ActorRef<ExchangeActor.Command> actor, ActorRef<Requests.Handle> handle) {
        this.actor = actor;
        this.handle = handle;
    }

    /// Opens a request for a client.
    ///
    /// @return fails with [dev.ingot.api.openai.wire.ApiException] when the request is refused or is not open after
    ///     `timeout`, with [ClientGoneException] when the client left
    static CompletionStage<Exchange> open(
            ActorSystem<?> system,
            ActorRef<Requests.Command> requests,
            RequestSpec spec,
            ClientConnection client,
            Duration timeout) {
        var opened = new CompletableFuture<Exchange>();
        system.systemActorOf(
                ExchangeActor.create(requests, spec, client, timeout, opened),
                "exchange-" + Long.toHexString(spec.id()),
                RequestThreads.props());
        return opened;
    }

    /// The whole answer; fails like [#open].
    CompletionStage<Requests.Whole> whole() {
        var whole = new CompletableFuture<Requests.Whole>();
        actor.tell(new ExchangeActor.Collect(whole));
        return whole;
    }

    /// The outputs up to and with the last word, which is [Output.Broken] where the request stopped without one.
    /// Each is asked for when the one before was passed on. To be run once.
    Source<Output, NotUsed> outputs() {
        var delivered = new AtomicBoolean();
        return ActorSource.<Object, Requests.Handle>actorRefWithBackpressure(
                        handle, Requests.Taken.INSTANCE, Exchange::ending, _ -> Optional.empty())
                .mapMaterializedValue(stream -> {
                    actor.tell(new ExchangeActor.Follow(stream));
                    return NotUsed.getInstance();
                })
                .collectType(Output.class)
                .concatLazy(Source.single(new Output.Broken("The request was lost.")))
                .takeWhile(output -> !isLastWord(output), true)
                .wireTap(output -> {
                    if (isLastWord(output) && delivered.compareAndSet(false, true)) {
                        actor.tell(ExchangeActor.Delivered.INSTANCE);
                    }
                })
                .watchTermination((nothing, ended) -> {
                    RequestThreads.whenEnded(
                            ended,
                            () -> {
                                if (delivered.compareAndSet(false, true)) {
                                    actor.tell(ExchangeActor.ClientLeft.INSTANCE);
                                }
                            });
                    return nothing;
                });
    }

    private static Optional<CompletionStrategy> ending(Object message) {
        return message instanceof StreamSignal signal
                ? Optional.of(
                        switch (signal) {
                            case REQUEST_STOPPED -> CompletionStrategy.draining();
                            case CLIENT_LEFT -> CompletionStrategy.immediately();
                        })
                : Optional.empty();
    }

    private static boolean isLastWord(Output output) {
        return switch (output) {
            case Output.Completed _, Output.Broken _, Output.TimedOut _ -> true;
            case Output.Delta _, Output.ChoiceFinished _ -> false;
        };
    }
}
