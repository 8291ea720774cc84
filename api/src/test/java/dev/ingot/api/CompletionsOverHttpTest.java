package dev.ingot.api;

import static dev.ingot.api.ServerFixture.completed;
import static dev.ingot.api.ServerFixture.delta;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sampling.TopLogprobs;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.RequestSpec;
import dev.ingot.scheduler.Requests;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CompletionsOverHttpTest {
    private static final String PATH = "/v1/completions";

    private ServerFixture server;

    @BeforeEach
    void start() {
        server = new ServerFixture();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void answersWholeInOpenAisShape() {
        var response =
                server.postLater(PATH, "{\"model\": \"tiny\", \"prompt\": \"hi\", \"seed\": 7}");
        var spec = server.open();
        server.whole(
                delta(0, "a"),
                delta(0, "b"),
                new Output.ChoiceFinished(0, FinishReason.STOP, -1, "END"),
                completed(2, 2));

        assertThat(spec.stream()).isFalse();
        assertThat(spec.choices()).hasSize(1);
        assertThat(spec.choices().getFirst().prompt()).isEqualTo(Tokens.of('h', 'i'));
        assertThat(spec.choices().getFirst().params().seed()).isEqualTo(7);
        assertThat(spec.choices().getFirst().params().maxTokens()).isEqualTo(16);
        assertThat(spec.choices().getFirst().params().eosTokenIds()).isEqualTo(Tokens.of(256));
        assertThat(response.join().statusCode()).isEqualTo(200);
        assertThat(json(response.join().body()))
                .isEqualTo(
                        json(
                                """
                                {"id": "cmpl-%016x", "object": "text_completion", "created": 1700000000, "model": "tiny",
                                 "choices": [{"index": 0, "text": "ab", "logprobs": null, "finish_reason": "stop",
                                              "stop_reason": "END"}],
                                 "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4,
                                           "prompt_tokens_details": {"cached_tokens": 0}}}
                                """
                                        .formatted(spec.id())));
    }

    @Test
    void streamsEventsThenUsageThenDone() {
        var response =
                server.postLater(
                        PATH,
                        """
                        {"prompt": "hi", "stream": true, "stream_options": {"include_usage": true}}
                        """);
        server.open();
        server.stream(
                delta(0, "a"),
                delta(0, ""),
                new Output.ChoiceFinished(0, FinishReason.LENGTH, -1, null),
                completed(2, 2));

        var answer = response.join();
        assertThat(answer.headers().firstValue("Content-Type").orElse(""))
                .startsWith("text/event-stream");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-cache");
        assertThat(answer.headers().firstValue("X-Accel-Buffering")).contains("no");
        var events = events(answer.body());
        assertThat(events).hasSize(4);
        assertThat(events.getLast()).isEqualTo("[DONE]");
        assertThat(json(events.get(0)).at("/choices/0/text").stringValue()).isEqualTo("a");
        assertThat(json(events.get(0)).at("/choices/0/finish_reason").isNull()).isTrue();
        assertThat(json(events.get(0)).has("usage")).isFalse();
        assertThat(json(events.get(1)).at("/choices/0/finish_reason").stringValue())
                .isEqualTo("length");
        assertThat(json(events.get(2)).at("/choices")).isEmpty();
        assertThat(json(events.get(2)).at("/usage/completion_tokens").intValue()).isEqualTo(2);
    }

    @Test
    void echoesThePromptOncePerChoice() {
        var response =
                server.postLater(PATH, "{\"prompt\": \"hi\", \"echo\": true, \"stream\": true}");
        server.open();
        server.stream(
                delta(0, "a"),
                delta(0, "b"),
                new Output.ChoiceFinished(0, FinishReason.LENGTH, -1, null),
                completed(2, 2));

        var events = events(response.join().body());
        assertThat(json(events.get(0)).at("/choices/0/text").stringValue()).isEqualTo("hia");
        assertThat(json(events.get(1)).at("/choices/0/text").stringValue()).isEqualTo("b");
    }

    @Test
    void writesLogprobsInTheLegacyShapeWithOffsetsThatGoOn() {
        var response =
                server.postLater(PATH, "{\"prompt\": \"hi\", \"logprobs\": 1, \"stream\": true}");
        server.open();
        var a = new Engine.TokenLogprob(-1, TopLogprobs.of(new int[] {'b'}, new float[] {-0.25f}));
        server.stream(
                new Output.Delta(0, "aa", Tokens.of('a', 'a'), List.of(a, a)),
                new Output.Delta(0, "a", Tokens.of('a'), List.of(a)),
                new Output.ChoiceFinished(0, FinishReason.LENGTH, -1, null),
                completed(2, 3));

        var events = events(response.join().body());
        assertThat(json(events.get(0)).at("/choices/0/logprobs"))
                .isEqualTo(
                        json(
                                """
                                {"tokens": ["a", "a"], "token_logprobs": [-1.0, -1.0],
                                 "top_logprobs": [{"b": -0.25, "a": -1.0}, {"b": -0.25, "a": -1.0}],
                                 "text_offset": [0, 1]}
                                """));
        assertThat(json(events.get(1)).at("/choices/0/logprobs/text_offset")).hasToString("[2]");
    }

    @Test
    void returnsTokenIdsWhereVllmDoes() {
        var whole = server.postLater(PATH, "{\"prompt\": \"hi\", \"return_token_ids\": true}");
        server.open();
        server.whole(
                delta(0, "a"),
                new Output.ChoiceFinished(0, FinishReason.STOP, -1, null),
                completed(2, 1));
        var streamed =
                server.postLater(
                        PATH, "{\"prompt\": \"hi\", \"return_token_ids\": true, \"stream\": true}");
        server.open();
        server.stream(
                delta(0, "a"),
                delta(0, "b"),
                new Output.ChoiceFinished(0, FinishReason.STOP, -1, null),
                completed(2, 2));

        var choice = json(whole.join().body()).at("/choices/0");
        assertThat(choice.get("prompt_token_ids")).hasToString("[104,105]");
        assertThat(choice.get("token_ids")).hasToString("[97]");
        var events = events(streamed.join().body());
        assertThat(json(events.get(0)).at("/choices/0/prompt_token_ids")).hasToString("[104,105]");
        assertThat(json(events.get(0)).at("/choices/0/token_ids")).hasToString("[97]");
        assertThat(json(events.get(1)).at("/choices/0").has("prompt_token_ids")).isFalse();
        assertThat(json(events.get(1)).at("/choices/0/token_ids")).hasToString("[98]");
    }

    @Test
    void tellsAStreamThatItsRequestBrokeAndDoesNotSayDone() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\", \"stream\": true}");
        server.open();
        server.stream(delta(0, "a"), new Output.Broken("The device failed."));

        var events = events(response.join().body());
        assertThat(events).hasSize(2);
        assertThat(json(events.get(1)).at("/error/message").stringValue())
                .isEqualTo("The device failed.");
        assertThat(json(events.get(1)).at("/error/type").stringValue()).isEqualTo("server_error");
    }

    @Test
    void endsAStreamWithAnErrorWhenItsRequestStopsWithoutALastWord() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\", \"stream\": true}");
        server.open();
        server.stream(delta(0, "a"));
        server.handle.stop();

        var events = events(response.join().body());
        assertThat(events).hasSize(2);
        assertThat(events.get(1)).contains("\"error\"");
    }

    @Test
    void answers500WhenAWholeAnswerBreaks() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\"}");
        server.open();
        server.whole(delta(0, "a"), new Output.Broken("The device failed."));

        assertThat(response.join().statusCode()).isEqualTo(500);
        assertThat(json(response.join().body()).at("/error/message").stringValue())
                .isEqualTo("The device failed.");
    }

    @Test
    void answers500WhenTheRequestStopsBeforeItsWholeAnswer() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\"}");
        server.open();
        server.handle.expectMessageClass(Requests.Collect.class);
        server.handle.stop();

        assertThat(response.join().statusCode()).isEqualTo(500);
    }

    @Test
    void saysWhoseTimeWasUp() {
        var whole = server.postLater(PATH, "{\"prompt\": \"hi\", \"timeout\": 2.5}");
        assertThat(server.open().timeout()).isEqualTo(Duration.ofMillis(2500));
        server.whole(delta(0, "a"), new Output.TimedOut(false, "Too late.", Duration.ZERO));
        assertThat(whole.join().statusCode()).isEqualTo(504);
        assertThat(json(whole.join().body()).at("/error/code").stringValue())
                .isEqualTo("deadline_exceeded");

        var queued = server.postLater(PATH, "{\"prompt\": \"hi\"}");
        assertThat(server.open().timeout()).isZero();
        server.whole(new Output.TimedOut(true, "Waited.", Duration.ofSeconds(7)));
        assertThat(queued.join().statusCode()).isEqualTo(503);
        assertThat(queued.join().headers().firstValue("Retry-After")).contains("7");
        assertThat(json(queued.join().body()).at("/error/code").stringValue())
                .isEqualTo("queue_timeout");

        var streamed = server.postLater(PATH, "{\"prompt\": \"hi\", \"stream\": true}");
        server.open();
        server.stream(delta(0, "a"), new Output.TimedOut(false, "Too late.", Duration.ZERO));
        var events = events(streamed.join().body());
        assertThat(events).hasSize(2);
        assertThat(json(events.get(1)).at("/error/code").stringValue())
                .isEqualTo("deadline_exceeded");
    }

    @Test
    void theShorterOfTwoTimeoutsCounts() {
        var _ =
                server.postLater(
                        PATH, "{\"prompt\": \"a\", \"timeout\": 9}", "X-Request-Timeout", "3");
        assertThat(server.open().timeout()).isEqualTo(Duration.ofSeconds(3));
        var _ =
                server.postLater(
                        PATH, "{\"prompt\": \"a\", \"timeout\": 2}", "X-Request-Timeout", "3");
        assertThat(server.open().timeout()).isEqualTo(Duration.ofSeconds(2));
        for (String wrong : new String[] {"0", "-1", "soon", "NaN", "1e9"}) {
            var refused = server.postLater(PATH, "{\"prompt\": \"a\"}", "X-Request-Timeout", wrong);
            assertThat(refused.join().statusCode()).as(wrong).isEqualTo(400);
            assertThat(json(refused.join().body()).at("/error/param").stringValue())
                    .isEqualTo("X-Request-Timeout");
        }
    }

    private RequestSpec specOf(String more, String... headers) {
        var _ = server.postLater(PATH, "{\"prompt\": \"a\"" + more + "}", headers);
        return server.open();
    }

    @Test
    void aCallerIsItsTenantOrItsKeyAndUserAndNeverSharesACacheWithAnother() {
        var nobody = specOf("");
        assertThat(nobody.caller()).isEqualTo(Caller.ANYONE);
        assertThat(nobody.cacheSalt()).isEmpty();

        var key = specOf("", "Authorization", "Bearer sk-secret");
        var sameKey = specOf(", \"user\": \"u\"", "Authorization", "bearer sk-secret");
        var otherKey = specOf("", "Authorization", "Bearer sk-other");
        assertThat(key.caller().tenant()).startsWith("key-").doesNotContain("secret");
        assertThat(sameKey.caller().tenant()).isEqualTo(key.caller().tenant() + "/u");
        assertThat(sameKey.cacheSalt()).isEqualTo(key.cacheSalt()).isNotEmpty();
        assertThat(otherKey.cacheSalt()).isNotEqualTo(key.cacheSalt());

        var tenant = specOf(", \"user\": \"u\"", "X-Tenant", "acme", "Authorization", "Bearer k");
        assertThat(tenant.caller().tenant()).isEqualTo("acme");
        assertThat(tenant.cacheSalt()).isNotEqualTo(key.cacheSalt());
        var salted = specOf(", \"cache_salt\": \"s\"", "X-Tenant", "acme");
        assertThat(salted.cacheSalt()).isNotEqualTo(tenant.cacheSalt()).isNotEqualTo("s");

        var refused = server.postLater(PATH, "{\"prompt\": \"a\"}", "X-Tenant", "a b");
        assertThat(json(refused.join().body()).at("/error/param").stringValue())
                .isEqualTo("X-Tenant");
    }

    @Test
    void aLowerPriorityIsAMoreUrgentClass() {
        assertThat(specOf(", \"priority\": -3").caller().priority()).isEqualTo(PriorityClass.HIGH);
        assertThat(specOf(", \"priority\": 0").caller().priority()).isEqualTo(PriorityClass.NORMAL);
        assertThat(specOf(", \"priority\": 12").caller().priority()).isEqualTo(PriorityClass.LOW);
    }

    @Test
    void mapsEveryPromptTimesNToAChoice() {
        var _ = server.postLater(PATH, "{\"prompt\": [[1, 2], [3]], \"n\": 2, \"max_tokens\": 5}");

        var choices = server.open().choices();
        assertThat(choices).hasSize(4);
        assertThat(choices.get(1).prompt()).isEqualTo(Tokens.of(1, 2));
        assertThat(choices.get(2).prompt()).isEqualTo(Tokens.of(3));
        assertThat(choices.get(2).params().maxTokens()).isEqualTo(5);
    }

    @Test
    void drawsASeedWhereTheClientGivesNone() {
        var _ = server.postLater(PATH, "{\"prompt\": \"a\"}");
        long first = server.open().choices().getFirst().params().seed();
        var _ = server.postLater(PATH, "{\"prompt\": \"a\"}");
        long second = server.open().choices().getFirst().params().seed();

        assertThat(first).isNotEqualTo(second);
    }

    @Test
    void saysQueueFullWith429AndWholeSeconds() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\"}");
        refuse(Requests.Reason.QUEUE_FULL, Duration.ofMillis(1200));

        assertThat(response.join().statusCode()).isEqualTo(429);
        assertThat(response.join().headers().firstValue("Retry-After")).contains("2");
        assertThat(json(response.join().body()).at("/error/code").stringValue())
                .isEqualTo("rate_limit_exceeded");
    }

    @Test
    void saysQueueFullBeforeItReadsABodyInVain() {
        server.full.set(
                Optional.of(
                        new Requests.Refused(
                                Requests.Reason.QUEUE_FULL,
                                "9 are waiting",
                                Duration.ofSeconds(3))));
        for (var body : List.of("{\"prompt\": \"hi\"}", "no JSON", " ".repeat(40 << 10))) {
            var response = server.post(PATH, body);

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.headers().firstValue("Retry-After")).contains("3");
            assertThat(response.body()).contains("9 are waiting");
        }
        server.requests.expectNoMessage(Duration.ofMillis(100));

        server.full.set(Optional.empty());
        assertThat(server.post(PATH, "no JSON").statusCode()).isEqualTo(400);
    }

    @Test
    void saysNotReadyWith503BothBeforeAndAfterOpening() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\"}");
        refuse(Requests.Reason.NOT_READY, Duration.ZERO);
        server.status.set(new EngineStatus(EngineStatus.State.STARTING, "loading", 0, null));
        var early = server.post(PATH, "{\"prompt\": \"hi\"}");

        assertThat(response.join().statusCode()).isEqualTo(503);
        assertThat(response.join().headers().firstValue("Retry-After")).contains("1");
        assertThat(early.statusCode()).isEqualTo(503);
        assertThat(early.body()).contains("loading");
        server.requests.expectNoMessage(Duration.ofMillis(100));
    }

    @Test
    void saysTooLongWith400() {
        var response = server.postLater(PATH, "{\"prompt\": \"hi\"}");
        refuse(Requests.Reason.TOO_LONG, Duration.ZERO);

        assertThat(response.join().statusCode()).isEqualTo(400);
        assertThat(json(response.join().body()).at("/error/code").stringValue())
                .isEqualTo("context_length_exceeded");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\": \"hi\", \"temperature\": -1} | 400 | temperature | null",
                "{\"prompt\": \"\"} | 400 | prompt | null",
                "{\"prompt\": [1, 257]} | 400 | prompt[1] | null",
                "{\"prompt\": [[1], [999]]} | 400 | prompt[1][0] | null",
                "{\"prompt\": \"a\", \"stop_token_ids\": [257]} | 400 | stop_token_ids[0] | null",
                "{\"prompt\": \"a\", \"logit_bias\": {\"257\": 1}} | 400 | logit_bias | null",
                "{\"prompt\": \"a\", \"max_tokens\": 64} | 400 | max_tokens |"
                        + " context_length_exceeded",
                "{\"prompt\": \"a\", \"max_tokens\": 2, \"min_tokens\": 3} | 400 | min_tokens |"
                        + " null",
                "{\"prompt\": \"0123456789012345678901234567890123456789012345678901234567890123\"}"
                        + " | 400 | prompt | context_length_exceeded",
                "{\"prompt\": \"a\", \"model\": \"other\"} | 404 | model | model_not_found",
                "{\"prompt\": | 400 | null | null",
            })
    void refusesBeforeTheEngineHearsOfIt(String body, int status, String param, String code) {
        var response = server.post(PATH, body);

        assertThat(response.statusCode()).isEqualTo(status);
        var error = json(response.body()).get("error");
        assertThat(error.get("message").stringValue()).isNotEmpty();
        assertThat(error.get("type").stringValue()).isEqualTo("invalid_request_error");
        assertThat(error.get("param").asString("null")).isEqualTo(param);
        assertThat(error.get("code").asString("null")).isEqualTo(code);
        server.requests.expectNoMessage(Duration.ofMillis(50));
    }

    @Test
    void shortensTheDefaultLengthToWhatIsLeftOfTheContext() {
        var _ = server.postLater(PATH, "{\"prompt\": \"" + "a".repeat(60) + "\"}");

        assertThat(server.open().choices().getFirst().params().maxTokens()).isEqualTo(4);
    }

    @Test
    void refusesBodiesThatAreTooLongWhetherTheirLengthIsToldOrNot() {
        String long100k = "{\"prompt\": \"" + "a".repeat(100_000) + "\"}";
        var told = server.post(PATH, long100k);
        var chunked =
                server.client
                        .sendAsync(
                                server.to(PATH)
                                        .header("Content-Type", "application/json")
                                        .POST(
                                                HttpRequest.BodyPublishers.fromPublisher(
                                                        HttpRequest.BodyPublishers.ofString(
                                                                long100k)))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .join();

        assertThat(told.statusCode()).isEqualTo(413);
        assertThat(chunked.statusCode()).isEqualTo(413);
        assertThat(json(chunked.body()).at("/error/code").stringValue()).isEqualTo("body_too_long");
    }

    @Test
    void takesNoFormButTakesABodyWithoutAType() throws Exception {
        var form =
                server.client.send(
                        server.to(PATH)
                                .header("Content-Type", "text/plain")
                                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"\"}"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        var untyped =
                server.client.send(
                        server.to(PATH)
                                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"\"}"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

        assertThat(form.statusCode()).isEqualTo(415);
        assertThat(untyped.statusCode()).isEqualTo(400);
        assertThat(untyped.body()).contains("`prompt`");
    }

    private void refuse(Requests.Reason reason, Duration retryAfter) {
        server.expectOpen().replyTo().tell(new Requests.Refused(reason, "No.", retryAfter));
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    static List<String> events(String body) {
        return body.lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.substring("data: ".length()))
                .toList();
    }
}
