package dev.ingot.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.scheduler.EngineStatus;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class OpsOverHttpTest {
    private static ServerFixture server;

    @BeforeAll
    static void start() {
        server = new ServerFixture();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void ready() {
        server.status.set(ServerFixture.READY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/ready", "/live"})
    void answers200WhenTokensCanBeProduced(String path) throws Exception {
        assertThat(server.get(path).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @EnumSource(value = EngineStatus.State.class, mode = EnumSource.Mode.EXCLUDE, names = "READY")
    void saysWhyTokensCannotBeProduced(EngineStatus.State state) throws Exception {
        server.status.set(new EngineStatus(state, "because", 3, null));

        for (String path : new String[] {"/health", "/ready"}) {
            var response = server.get(path);
            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(json(response))
                    .isEqualTo(
                            JsonMapper.shared()
                                    .readTree(
                                            """
                                            {"state": "%s", "reason": "because", "model": "tiny", "epoch": 3}
                                            """
                                                    .formatted(state)));
        }
        assertThat(server.get("/live").statusCode()).isEqualTo(200);
    }

    @Test
    void exposesMetricsWithVllmsColons() throws Exception {
        Counter.builder()
                .name("vllm:prompt_tokens")
                .labelNames("model_name")
                .register(server.registry)
                .labelValues("tiny")
                .inc(5);
        Gauge.builder().name("vllm:num_requests_running").register(server.registry).set(2);
        Histogram.builder()
                .name("vllm:iteration_tokens_total")
                .classicOnly()
                .classicUpperBounds(1, 8)
                .register(server.registry)
                .observe(3);

        var response = server.get("/metrics");

        assertThat(response.headers().firstValue("Content-Type").orElse(""))
                .startsWith("text/plain");
        assertThat(response.body())
                .contains("vllm:prompt_tokens_total{model_name=\"tiny\"} 5.0")
                .contains("vllm:num_requests_running 2.0")
                .contains("vllm:iteration_tokens_total_bucket{le=\"8.0\"} 1");
    }

    @Test
    void listsEveryNameOfTheModel() throws Exception {
        var list = json(server.get("/v1/models"));

        assertThat(list.at("/object").stringValue()).isEqualTo("list");
        assertThat(list.at("/data/0/id").stringValue()).isEqualTo("tiny");
        assertThat(list.at("/data/1/id").stringValue()).isEqualTo("org/tiny");
        assertThat(list.at("/data/1/max_model_len").intValue()).isEqualTo(64);
        assertThat(list.at("/data/1/created").longValue()).isEqualTo(ServerFixture.CREATED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/models/tiny", "/v1/models/org/tiny", "/v1/models/org%2Ftiny"})
    void findsAModelByName(String path) throws Exception {
        var response = server.get(path);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(json(response).get("object").stringValue()).isEqualTo("model");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/models/other", "/v1/nothing", "/", "/v1/models/"})
    void answers404InOpenAisShape(String path) throws Exception {
        var response = server.get(path);

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(json(response).at("/error/message").stringValue()).isNotEmpty();
    }

    @Test
    void answers405WithTheMethodsThatAreAllowed() throws Exception {
        var response = server.get("/v1/completions");

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow")).contains("POST");
        assertThat(json(response).at("/error/code").stringValue()).isEqualTo("method_not_allowed");
    }

    @Test
    void repeatsTheRequestIdOrMakesOne() throws Exception {
        var given =
                server.client.send(
                        server.to("/version").header("X-Request-Id", "abc-1").build(),
                        HttpResponse.BodyHandlers.ofString());
        var made = server.get("/version");

        assertThat(given.headers().firstValue("X-Request-Id")).contains("abc-1");
        assertThat(made.headers().firstValue("X-Request-Id").orElse("")).hasSize(16);
        assertThat(json(made).get("version").stringValue()).isEqualTo("1.2.3");
    }

    @Test
    void doesNotSayWhatItIsBuiltOn() throws Exception {
        assertThat(server.get("/live").headers().firstValue("Server")).isEmpty();
    }

    @Test
    void answersHeadLikeGet() throws Exception {
        var response =
                server.client.send(
                        server.to("/v1/models")
                                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
    }

    @Test
    void tokenizesAndBack() {
        var tokens =
                server.post(
                        "/tokenize", "{\"prompt\": \"hé<|end|>\", \"return_token_strs\": true}");
        var text = server.post("/detokenize", "{\"tokens\": [104, 195, 169, 256]}");

        assertThat(json(tokens).get("tokens")).hasToString("[104,195,169,256]");
        assertThat(json(tokens).get("count").intValue()).isEqualTo(4);
        assertThat(json(tokens).get("max_model_len").intValue()).isEqualTo(64);
        assertThat(json(tokens).at("/token_strs/0").stringValue()).isEqualTo("h");
        assertThat(json(text).get("prompt").stringValue()).isEqualTo("hé<|end|>");
    }

    @Test
    void refusesToDetokenizeWhatIsNoToken() {
        var response = server.post("/detokenize", "{\"tokens\": [1, 257]}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response).at("/error/param").stringValue()).isEqualTo("tokens[1]");
    }

    private static JsonNode json(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body());
    }
}
