package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The built-in model against what transformers computes for it in float32: every greedy token equal, every log
/// probability within 0.02.
final class BuiltInModelGoldenTest {
    private static final double TOLERANCE = 0.02;

    private static final TestServer SERVER = TestServer.start();

    @AfterAll
    static void stop() {
        SERVER.close();
    }

    static Stream<Arguments> goldens() throws IOException {
        try (InputStream file =
                BuiltInModelGoldenTest.class.getResourceAsStream("/goldens/ingot-small.json")) {
            var goldens = TestServer.JSON.readTree(Objects.requireNonNull(file)).path("goldens");
            assertThat(goldens.size()).isGreaterThanOrEqualTo(12);
            var arguments = new ArrayList<Arguments>();
            for (var golden : goldens) {
                arguments.add(Arguments.of(golden.path("name").asString(), golden));
            }
            return arguments.stream();
        }
    }

    static List<Integer> ints(JsonNode array) {
        var ints = new ArrayList<Integer>();
        array.forEach(each -> ints.add(each.intValue()));
        return ints;
    }

    static ObjectNode greedy(JsonNode golden) {
        var body = TestServer.JSON.createObjectNode();
        body.put("model", TestServer.MODEL);
        body.put("temperature", 0);
        body.put("max_tokens", golden.path("token_ids").size());
        body.put("return_token_ids", true);
        return body;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("goldens")
    void everyGreedyTokenIsEqualAndEveryLogProbabilityWithinTolerance(
            String name, JsonNode golden) {
        var body = greedy(golden);
        body.set("prompt", golden.path("prompt_token_ids"));
        body.put("logprobs", 5);

        var choice = SERVER.ask("/v1/completions", body).path("choices").path(0);

        assertThat(TestServer.tokenIds(choice)).isEqualTo(ints(golden.path("token_ids")));
        var logprobs = choice.path("logprobs").path("token_logprobs");
        var expected = golden.path("logprobs");
        assertThat(logprobs.size()).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertThat(Math.abs(logprobs.path(i).doubleValue() - expected.path(i).doubleValue()))
                    .as("%s, token %d", name, i)
                    .isLessThan(TOLERANCE);
        }
    }

    /// Transformers takes the arguments of a tool call as an object and needs no id; OpenAI's clients send a string and
    /// an id.
    static JsonNode asClientsSend(JsonNode messages) {
        var copy = messages.deepCopy();
        for (var message : copy) {
            for (var call : message.path("tool_calls")) {
                ((ObjectNode) call).put("id", "call-0").put("type", "function");
                var function = (ObjectNode) call.path("function");
                function.put("arguments", function.path("arguments").toString());
            }
        }
        for (var message : copy) {
            if (message.path("role").asString().equals("tool")) {
                ((ObjectNode) message).put("tool_call_id", "call-0");
            }
        }
        return copy;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("goldens")
    void theSamePromptAsTextOrAsAChatGivesTheSameTokens(String name, JsonNode golden) {
        var body = greedy(golden);
        JsonNode answer;
        if (golden.path("kind").asString().equals("chat")) {
            body.set("messages", asClientsSend(golden.path("messages")));
            if (golden.has("tools")) {
                body.set("tools", golden.path("tools"));
            }
            answer = SERVER.ask("/v1/chat/completions", body);
            assertThat(ints(answer.path("prompt_token_ids")))
                    .isEqualTo(ints(golden.path("prompt_token_ids")));
        } else {
            body.set("prompt", golden.path("rendered"));
            answer = SERVER.ask("/v1/completions", body);
            assertThat(ints(answer.path("choices").path(0).path("prompt_token_ids")))
                    .isEqualTo(ints(golden.path("prompt_token_ids")));
        }
        assertThat(TestServer.tokenIds(answer.path("choices").path(0)))
                .as(name)
                .isEqualTo(ints(golden.path("token_ids")));
        assertThat(answer.path("usage").path("prompt_tokens").intValue())
                .isEqualTo(golden.path("prompt_token_ids").size());
    }

    @Test
    void aToolCallIsParsedIntoItsNameAndArguments() throws IOException {
        var golden =
                goldens()
                        .map(arguments -> (JsonNode) arguments.get()[1])
                        .filter(each -> each.path("name").asString().equals("chat-tool-call"))
                        .findFirst()
                        .orElseThrow();
        var body = greedy(golden);
        body.set("messages", golden.path("messages"));
        body.set("tools", golden.path("tools"));

        var choice = SERVER.ask("/v1/chat/completions", body).path("choices").path(0);

        assertThat(choice.path("finish_reason").asString()).isEqualTo("tool_calls");
        var function = choice.path("message").path("tool_calls").path(0).path("function");
        assertThat(function.path("name").asString())
                .isEqualTo(golden.path("tools").path(0).path("function").path("name").asString());
        assertThat(TestServer.JSON.readTree(function.path("arguments").asString()).isObject())
                .isTrue();
    }
}
