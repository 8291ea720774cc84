package dev.ingot.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.http.ClientConnection;
import dev.ingot.api.http.ClientGoneException;
import dev.ingot.api.http.Route;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.Materializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class RoutesTest {
    private static final ActorTestKit KIT = ActorTestKit.create();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @Test
    void hideTheCauseOfAnUnexpectedFailureButNameItsLogLine() throws Exception {
        var response =
                answer(
                        Route.get(
                                "/x",
                                _ -> {
                                    throw new IllegalStateException("the secret cause");
                                }));

        String body = bodyOf(response);
        String id = response.getHeader("X-Request-Id").orElseThrow().value();
        assertThat(response.status().intValue()).isEqualTo(500);
        assertThat(body).contains(id).contains("internal_error").doesNotContain("secret");
    }

    @Test
    void treatAFailedStageLikeAThrownFailure() throws Exception {
        var response =
                answer(
                        new Route(
                                org.apache.pekko.http.javadsl.model.HttpMethods.GET,
                                "/x",
                                _ ->
                                        CompletableFuture.failedStage(
                                                new IllegalStateException("secret"))));

        assertThat(response.status().intValue()).isEqualTo(500);
        assertThat(bodyOf(response)).doesNotContain("secret");
    }

    @Test
    void doNotBlameThemselvesForAClientThatLeft() throws Exception {
        var response =
                answer(
                        Route.get(
                                "/x",
                                _ -> {
                                    throw new ClientGoneException();
                                }));

        assertThat(response.status().intValue()).isEqualTo(499);
    }

    @Test
    void makeARequestIdInsteadOfRepeatingAStrangeOne() throws Exception {
        var routes = routes(Route.get("/x", _ -> HttpResponse.create()));
        var request =
                HttpRequest.GET("/x")
                        .addHeader(
                                org.apache.pekko.http.javadsl.model.headers.RawHeader.create(
                                        "X-Request-Id", "a b"));

        var response =
                routes.handle(request, new ClientConnection())
                        .toCompletableFuture()
                        .get(5, TimeUnit.SECONDS);

        assertThat(response.getHeader("X-Request-Id").orElseThrow().value()).hasSize(16);
    }

    private static HttpResponse answer(Route route) throws Exception {
        return routes(route)
                .handle(HttpRequest.GET("/x"), new ClientConnection())
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS);
    }

    private static Routes routes(Route route) {
        return new Routes(
                () -> List.of(route), new Random(1), Materializer.matFromSystem(KIT.system()));
    }

    private static String bodyOf(HttpResponse response) throws Exception {
        return response.entity()
                .toStrict(1000, Materializer.matFromSystem(KIT.system()))
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS)
                .getData()
                .utf8String();
    }
}
