package dev.ingot.api.openai;

import dev.ingot.api.http.Bodies;
import dev.ingot.api.http.Call;
import dev.ingot.api.http.Responses;
import dev.ingot.api.http.Route;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.ModelList;
import dev.ingot.scheduler.EngineStatus;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.Materializer;

/// The paths of OpenAI's API, and vLLM's `/tokenize` and `/detokenize`.
public final class OpenAiRoutes {
    private static final String TOKENIZING_DISPATCHER = "ingot.blocking-dispatcher";

    private final ServedModels models;
    private final CompletionEndpoints completions;
    private final TokenizeEndpoints tokenizing;

    /// Routes to these models; a request that names none is for the first.
    ///
    /// @param random draws request ids and seeds; safe from any thread
    public OpenAiRoutes(
            ActorSystem<?> system,
            List<Serving> servings,
            OpenAiConfig config,
            RandomGenerator random,
            InstantSource clock) {
        this.models = new ServedModels(servings, random);
        var bodies =
                new Bodies(
                        config.maxBodyBytes(),
                        config.bodyTimeout(),
                        system.dispatchers()
                                .lookup(DispatcherSelector.fromConfig(TOKENIZING_DISPATCHER)),
                        Materializer.matFromSystem(system));
        completions = new CompletionEndpoints(system, models, config, bodies, clock);
        tokenizing = new TokenizeEndpoints(models, bodies);
    }

    public List<Route> routes() {
        return List.of(
                Route.post("/v1/chat/completions", completions::chat),
                Route.post("/v1/completions", completions::completion),
                Route.get("/v1/models", _ -> models()),
                Route.get("/v1/models/*", this::model),
                Route.post("/tokenize", tokenizing::tokenize),
                Route.post("/detokenize", tokenizing::detokenize));
    }

    /// The same paths while there is no model yet: 503 and why.
    public static List<Route> notReady(Supplier<EngineStatus> status) {
        return List.of(
                Route.post("/v1/chat/completions", _ -> refused(status)),
                Route.post("/v1/completions", _ -> refused(status)),
                Route.get("/v1/models", _ -> refuse(status)),
                Route.get("/v1/models/*", _ -> refuse(status)),
                Route.post("/tokenize", _ -> refused(status)),
                Route.post("/detokenize", _ -> refused(status)));
    }

    private static HttpResponse refuse(Supplier<EngineStatus> status) {
        throw new ApiException(CompletionEndpoints.notReady(status.get()));
    }

    private static CompletionStage<HttpResponse> refused(Supplier<EngineStatus> status) {
        return CompletableFuture.failedStage(
                new ApiException(CompletionEndpoints.notReady(status.get())));
    }

    private HttpResponse models() {
        return Responses.json(
                ModelList.of(
                        models.all().stream()
                                .flatMap(each ->
                                        each.model().names().stream()
                                                .map(name -> named(each.model(), name)))
                                .toList()));
    }

    /// Names may hold slashes (`org/model`), so the tail of the path is the name.
    ///
    /// @throws ApiException 404 where the model has no such name
    private HttpResponse model(Call call) {
        var model = models.named(call.pathTail()).model();
        return Responses.json(named(model, call.pathTail()));
    }

    private static ModelList.Model named(ServedModel model, String name) {
        return ModelList.Model.of(
                name, model.createdSeconds(), model.names().getFirst(), model.maxModelLength());
    }
}
