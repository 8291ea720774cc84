package dev.ingot.api.cluster;

import dev.ingot.api.http.Call;
import dev.ingot.api.http.Responses;
import dev.ingot.api.http.Route;
import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Scheduler;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/// The admin API of a router, on a port of its own.
///
/// | path | |
/// | --- | --- |
/// | `GET /cluster` | the nodes, their load, KV use and streams |
/// | `POST /cluster/drain?node=N&grace=SECONDS` | send nothing new to a node; what is left after the grace goes on elsewhere |
/// | `POST /cluster/resume?node=N` | use it again |
/// | `POST /cluster/canary?node=N&percent=P` | send it only this share |
public final class Operations {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int DEFAULT_GRACE_SECONDS = 30;

    private final ActorRef<RouterActor.Message> router;
    private final Scheduler scheduler;

    Operations(ActorRef<RouterActor.Message> router, Scheduler scheduler) {
        this.router = router;
        this.scheduler = scheduler;
    }

    public List<Route> routes() {
        return List.of(
                new Route(HttpMethods.GET, "/cluster", _ -> ask(Admin.Status::new)),
                Route.post(
                        "/cluster/drain",
                        call -> {
                            var grace = number(call, "grace", DEFAULT_GRACE_SECONDS, 86_400);
                            var node = node(call);
                            return ask(replyTo ->
                                    new Admin.Drain(node, Duration.ofSeconds(grace), replyTo));
                        }),
                Route.post(
                        "/cluster/resume",
                        call -> {
                            var node = node(call);
                            return ask(replyTo -> new Admin.Resume(node, replyTo));
                        }),
                Route.post(
                        "/cluster/canary",
                        call -> {
                            int percent = number(call, "percent", 100, 100);
                            var node = node(call);
                            return ask(replyTo -> new Admin.Canary(node, percent, replyTo));
                        }));
    }

    private CompletionStage<HttpResponse> ask(
            Function<ActorRef<Admin.Reply>, Admin.Command> question) {
        return AskPattern.<RouterActor.Message, Admin.Reply>ask(
                        router, question::apply, TIMEOUT, scheduler)
                .thenApplyAsync(
                        reply ->
                                switch (reply) {
                                    case Admin.Cluster cluster -> Responses.json(cluster);
                                    case Admin.NoSuchNode(String node, List<String> known) ->
                                            throw new ApiException(
                                                    ApiError.invalid(
                                                            404,
                                                            "There is no engine node '"
                                                                    + node
                                                                    + "'; there are "
                                                                    + known
                                                                    + ".",
                                                            "node",
                                                            "not_found"));
                                },
                        Runnable::run);
    }

    private static String node(Call call) {
        return call.request()
                .getUri()
                .query()
                .get("node")
                .orElseThrow(() ->
                        new ApiException(
                                ApiError.badField("node", "`node` is missing: which one?")));
    }

    private static int number(Call call, String name, int absent, int most) {
        var text = call.request().getUri().query().get(name);
        if (text.isEmpty()) {
            return absent;
        }
        try {
            int number = Integer.parseInt(text.get());
            if (number >= 0 && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new ApiException(
                ApiError.badField(
                        name,
                        "`" + name + "` is '" + text.get() + "', expected 0 to " + most + "."));
    }
}
