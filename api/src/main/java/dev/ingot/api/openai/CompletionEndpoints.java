package dev.ingot.api.openai;

import dev.ingot.api.http.Bodies;
import dev.ingot.api.http.Call;
import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.Responses;
import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.ChatCompletionRequest;
import dev.ingot.api.openai.wire.CompletionRequest;
import dev.ingot.api.openai.wire.Head;
import dev.ingot.api.openai.wire.OutputFields;
import dev.ingot.scheduler.EngineStatus;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.japi.pf.PFBuilder;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `/v1/chat/completions` and `/v1/completions`: read, map, open, answer.
final class CompletionEndpoints {
    private static final Duration RETRY_SOON = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(CompletionEndpoints.class);

    private final ActorSystem<?> system;
    private final ServedModels models;
    private final OpenAiConfig config;
    private final Bodies bodies;
    private final InstantSource clock;
    private final ResumableStreams resumable;

    /// A request that is ready to be opened.
    private record Prepared(Mapped mapped, OutputFields output, Answer answer, Serving serving) {}

    CompletionEndpoints(
            ActorSystem<?> system,
            ServedModels models,
            OpenAiConfig config,
            Bodies bodies,
            InstantSource clock) {
        this.system = system;
        this.models = models;
        this.config = config;
        this.bodies = bodies;
        this.clock = clock;
        this.resumable = new ResumableStreams(system, config.keepAliveInterval());
    }

    CompletionStage<HttpResponse> chat(Call call) {
        if (ResumableStreams.isResumption(call)) {
            return resumable.resume(call);
        }
        requireRoom();
        return bodies.read(
                        call.request(),
                        body -> prepare(ChatCompletionRequest.read(body, config.limits()), call))
                .thenCompose(prepared -> answer(prepared, call));
    }

    CompletionStage<HttpResponse> completion(Call call) {
        if (ResumableStreams.isResumption(call)) {
            return resumable.resume(call);
        }
        requireRoom();
        return bodies.read(
                        call.request(),
                        body -> prepare(CompletionRequest.read(body, config.limits()), call))
                .thenCompose(prepared -> answer(prepared, call));
    }

    private Prepared prepare(ChatCompletionRequest request, Call call) {
        var entry = models.named(request.model());
        String name = entry.model().nameFor(request.model());
        requireReady(entry.serving());
        var mapped =
                entry.mapper().map(request, CallerOfRequest.of(call.request(), request.caller()));
        var names = new TokenNames(entry.model().tokenizer(), request.output().tokensAsIds());
        var answer =
                new ChatAnswer(
                        head("chatcmpl-", mapped, name),
                        request,
                        mapped,
                        entry.model().outputFormat(),
                        names);
        return new Prepared(mapped, request.output(), answer, entry.serving());
    }

    private Prepared prepare(CompletionRequest request, Call call) {
        var entry = models.named(request.model());
        String name = entry.model().nameFor(request.model());
        requireReady(entry.serving());
        var mapped =
                entry.mapper().map(request, CallerOfRequest.of(call.request(), request.caller()));
        var names = new TokenNames(entry.model().tokenizer(), request.output().tokensAsIds());
        var answer = new CompletionAnswer(head("cmpl-", mapped, name), request, mapped, names);
        return new Prepared(mapped, request.output(), answer, entry.serving());
    }

    private Head head(String prefix, Mapped mapped, String name) {
        String id = prefix + "%016x".formatted(mapped.spec().id());
        return new Head(id, clock.instant().getEpochSecond(), name);
    }

    /// Before a prompt is tokenized in vain. What is not ready a moment later is refused by the engine itself.
    private static void requireReady(Serving serving) {
        var now = serving.status().get();
        if (!now.isReady()) {
            throw new ApiException(notReady(now));
        }
    }

    /// Before even the body is read: whoever comes to a full queue costs those who are served as little as may be. Who finds
    /// no room a moment later is refused by the engine itself.
    private void requireRoom() {
        models.turnAway()
                .ifPresent(refused -> {
                    throw new ApiException(ExchangeActor.errorOf(refused));
                });
    }

    static ApiError notReady(EngineStatus status) {
        return ApiError.notReady("The engine is not ready: " + status.reason(), RETRY_SOON);
    }

    private CompletionStage<HttpResponse> answer(Prepared prepared, Call call) {
        var window = ResumableStreams.window(call);
        if (window.isPresent()) {
            if (!prepared.output.stream()) {
                throw CallerOfRequest.bad(ResumableStreams.WINDOW, "needs `stream`");
            }
            return resumable.open(
                    prepared.mapped.spec().id(),
                    window.get(),
                    call,
                    client ->
                            open(prepared, client)
                                    .thenApply(opened -> each(opened, prepared, call)));
        }
        return open(prepared, call.client())
                .thenCompose(exchange ->
                        prepared.output.stream()
                                ? CompletableFuture.completedStage(stream(exchange, prepared, call))
                                : exchange.whole()
                                        .thenApply(whole ->
                                                Responses.json(
                                                        prepared.answer.whole(whole.outputs()))));
    }

    private CompletionStage<Exchange> open(Prepared prepared, ClientConnection client) {
        return Exchange.open(
                system,
                prepared.serving.requests(),
                prepared.mapped.spec(),
                client,
                config.openTimeout());
    }

    private HttpResponse stream(Exchange exchange, Prepared prepared, Call call) {
        return Responses.events(
                recovered(
                                exchange.outputs()
                                        .map(output -> Sse.events(prepared.answer, output))
                                        .filter(ByteString::nonEmpty),
                                call)
                        .keepAlive(config.keepAliveInterval(), () -> Sse.KEEP_ALIVE));
    }

    private static Source<ByteString, NotUsed> each(
            Exchange exchange, Prepared prepared, Call call) {
        return recovered(
                exchange.outputs().mapConcat(output -> Sse.each(prepared.answer, output)), call);
    }

    private static Source<ByteString, NotUsed> recovered(
            Source<ByteString, NotUsed> events, Call call) {
        return events.recover(
                new PFBuilder<Throwable, ByteString>()
                        .match(Exception.class, failure -> lastError(failure, call))
                        .build());
    }

    private static ByteString lastError(Exception failure, Call call) {
        log.error("Request {} failed in its stream", call.requestId(), failure);
        return Sse.error(
                ApiError.internal("Something failed; it is logged with the request's id."));
    }
}
