package dev.ingot.api.openai;

import dev.ingot.api.http.Call;
import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.RequestThreads;
import dev.ingot.api.http.Responses;
import dev.ingot.api.openai.ReplayActor.Ahead;
import dev.ingot.api.openai.ReplayActor.Found;
import dev.ingot.api.openai.ReplayActor.Gone;
import dev.ingot.api.openai.ReplayActor.Reader;
import dev.ingot.api.openai.ReplayActor.Signal;
import dev.ingot.api.openai.ReplayActor.Unknown;
import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.CompletionStrategy;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.stream.typed.javadsl.ActorSink;
import org.apache.pekko.stream.typed.javadsl.ActorSource;
import org.apache.pekko.util.ByteString;

/// Streams whose clients may come back to them after their connection broke.
///
/// ```
/// POST … X-Resume-Window: 20        ──▶ events with ids, R-1, R-2, …
///      ✂ the connection breaks: the request waits for 20 s
/// POST … Last-Event-ID: R-2         ──▶, … as if nothing had happened; the body is not read
/// ```
///
/// A client that does not ask for it is not waited for: its request ends with its connection.
final class ResumableStreams {
    static final String WINDOW = "X-Resume-Window";
    static final String LAST_EVENT_ID = "Last-Event-ID";

    private static final int LONGEST_SECONDS = 60;
    private static final Pattern EVENT_ID = Pattern.compile("([0-9a-f]{16})-([0-9]{1,18})");
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration RETRY_SOON = Duration.ofSeconds(1);

    private final ActorSystem<?> system;
    private final ActorRef<Replays.Command> replays;
    private final Duration keepAliveInterval;

    ResumableStreams(ActorSystem<?> system, Duration keepAliveInterval) {
        this.system = system;
        this.replays = Replays.of(system);
        this.keepAliveInterval = keepAliveInterval;
    }

    /// Whether a client comes back.
    static boolean isResumption(Call call) {
        return CallerOfRequest.header(call.request(), LAST_EVENT_ID).isPresent();
    }

    /// How long the client wants to be waited for; empty where it does not.
    ///
    /// @throws ApiException 400 naming the header
    static Optional<Duration> window(Call call) {
        return CallerOfRequest.header(call.request(), WINDOW)
                .map(text -> {
                    int seconds = text.matches("[0-9]{1,3}") ? Integer.parseInt(text) : 0;
                    if (seconds < 1 || seconds > LONGEST_SECONDS) {
                        throw CallerOfRequest.bad(
                                WINDOW,
                                "must be a whole number of seconds from 1 to " + LONGEST_SECONDS);
                    }
                    return Duration.ofSeconds(seconds);
                });
    }

    /// Opens a request that outlives its connection.
    ///
    /// @param request its id
    /// @param open opens it for the client that it is given, which leaves when nobody comes back
    CompletionStage<HttpResponse> open(
            long request,
            Duration window,
            Call call,
            Function<ClientConnection, CompletionStage<Source<ByteString, NotUsed>>> open) {
        String id = "%016x".formatted(request);
        String owner = CallerOfRequest.domainOf(call.request());
        return AskPattern.<Replays.Command, Replays.Opened>ask(
                        replays,
                        replyTo -> new Replays.Open(id, owner, window, replyTo),
                        ASK_TIMEOUT,
                        system.scheduler())
                .thenComposeAsync(
                        opened -> {
                            var stream = opened.stream();
                            if (stream == null) {
                                throw new ApiException(
                                        ApiError.queueFull(
                                                "Too many streams may be resumed already.",
                                                RETRY_SOON));
                            }
                            return begin(stream, call, open);
                        },
                        RequestThreads.of(system));
    }

    private CompletionStage<HttpResponse> begin(
            ActorRef<ReplayActor.Command> stream,
            Call call,
            Function<ClientConnection, CompletionStage<Source<ByteString, NotUsed>>> open) {
        // Until it is open, the request lives with the connection; from then on with the stream.
        var whileOpening = new ClientConnection();
        var registration = call.client().register(whileOpening::close);
        return open.apply(whileOpening)
                .whenComplete((_, failure) -> {
                    registration.close();
                    if (failure != null) {
                        stream.tell(ReplayActor.Abandon.INSTANCE);
                    }
                })
                .thenApply(events -> {
                    events.runWith(into(stream), Materializer.matFromSystem(system));
                    return read(stream, 0, call);
                });
    }

    private static Sink<ByteString, NotUsed> into(ActorRef<ReplayActor.Command> stream) {
        Sink<ByteString, NotUsed> sink =
                ActorSink.actorRefWithBackpressure(
                        stream,
                        (ActorRef<ReplayActor.Ack> ackTo, ByteString event) ->
                                new ReplayActor.Offered(event, ackTo),
                        ReplayActor.Begun::new,
                        ReplayActor.Ack.INSTANCE,
                        ReplayActor.Ended.INSTANCE,
                        _ -> ReplayActor.Ended.INSTANCE);
        // What waits here was asked of the request already, whether or not anybody reads.
        return sink.withAttributes(Attributes.inputBuffer(1, 1));
    }

    /// What follows the client's last event; fails with [ApiException] 400, 404 or 410.
    CompletionStage<HttpResponse> resume(Call call) {
        call.request().discardEntityBytes(Materializer.matFromSystem(system));
        var last = CallerOfRequest.header(call.request(), LAST_EVENT_ID).orElse("");
        var matcher = EVENT_ID.matcher(last);
        if (!matcher.matches()) {
            throw CallerOfRequest.bad(LAST_EVENT_ID, "is not an id of an event of this server");
        }
        long after = Long.parseLong(matcher.group(2));
        String id = matcher.group(1);
        String owner = CallerOfRequest.domainOf(call.request());
        return AskPattern.<Replays.Command, ReplayActor.Answer>ask(
                        replays,
                        replyTo -> new Replays.Find(id, owner, new ReplayActor.Ask(after, replyTo)),
                        ASK_TIMEOUT,
                        system.scheduler())
                .thenApplyAsync(
                        answer ->
                                switch (answer) {
                                    case Found(ActorRef<ReplayActor.Command> stream) ->
                                            read(stream, after, call);
                                    case Gone(long first) ->
                                            throw refused(
                                                    410,
                                                    "The events after "
                                                            + last
                                                            + " are kept no more; the first that is"
                                                            + " has the number "
                                                            + first
                                                            + ".");
                                    case Ahead(long told) ->
                                            throw refused(
                                                    400,
                                                    "Event "
                                                            + last
                                                            + " was not told yet; the last one has"
                                                            + " the number "
                                                            + told
                                                            + ".");
                                    case Unknown _ ->
                                            throw refused(
                                                    404,
                                                    "No stream with the event "
                                                            + last
                                                            + " waits here: it was not to be"
                                                            + " resumed, its time is over, or"
                                                            + " another server has it.");
                                },
                        RequestThreads.of(system));
    }

    private static ApiException refused(int status, String message) {
        return new ApiException(ApiError.invalid(status, message, LAST_EVENT_ID, "not_resumable"));
    }

    private HttpResponse read(ActorRef<ReplayActor.Command> replay, long after, Call call) {
        var key = new Object();
        Runnable left = () -> replay.tell(new ReplayActor.Left(key));
        var registration = call.client().register(left);
        return Responses.events(
                ActorSource.<Object, ReplayActor.Command>actorRefWithBackpressure(
                                replay,
                                new ReplayActor.Taken(key),
                                ResumableStreams::ending,
                                _ -> Optional.empty())
                        .mapMaterializedValue(stream -> {
                            replay.tell(new ReplayActor.Read(new Reader(key, stream), after));
                            return NotUsed.getInstance();
                        })
                        .collectType(ByteString.class)
                        .watchTermination((nothing, ended) -> {
                            RequestThreads.whenEnded(
                                    ended,
                                    () -> {
                                        registration.close();
                                        left.run();
                                    });
                            return nothing;
                        })
                        .keepAlive(keepAliveInterval, () -> Sse.KEEP_ALIVE));
    }

    private static Optional<CompletionStrategy> ending(Object message) {
        return message instanceof Signal signal
                ? Optional.of(
                        switch (signal) {
                            case END -> CompletionStrategy.draining();
                            case CLOSED -> CompletionStrategy.immediately();
                        })
                : Optional.empty();
    }
}
