package dev.ingot.api;

import static dev.ingot.api.ServerFixture.completed;
import static dev.ingot.api.ServerFixture.delta;
import static dev.ingot.api.ServerFixture.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.openai.OpenAiConfig;
import dev.ingot.api.openai.TestTokenizer;
import dev.ingot.api.openai.wire.WireLimits;
import dev.ingot.engine.sampling.TopLogprobs;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.Requests;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ChatOverHttpTest {
    private static final String PATH = "/v1/chat/completions";
    private static final String HI = "\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]";
    private static final String TOOLS =
            ", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]";
    private static final Output STOP = new Output.ChoiceFinished(0, FinishReason.STOP, -1, null);

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
        var response = server.postLater(PATH, "{\"model\": \"org/tiny\", " + HI + "}");
        var spec = server.open();
        server.whole(delta(0, "a"), delta(0, "b"), STOP, completed(19, 2));

        assertThat(spec.choices().getFirst().prompt()).isEqualTo(tokens("[user]hi[assistant]"));
        assertThat(spec.choices().getFirst().params().maxTokens())
                .as("what is left of the context")
                .isEqualTo(64 - 19);
        assertThat(json(response.join().body()))
                .isEqualTo(
                        json(
                                """
                                {"id": "chatcmpl-%016x", "object": "chat.completion", "created": 1700000000,
                                 "model": "org/tiny",
                                 "choices": [{"index": 0,
                                              "message": {"role": "assistant", "content": "ab", "refusal": null},
                                              "logprobs": null, "finish_reason": "stop", "stop_reason": null}],
                                 "usage": {"prompt_tokens": 19, "completion_tokens": 2, "total_tokens": 21,
                                           "prompt_tokens_details": {"cached_tokens": 0}}}
                                """
                                        .formatted(spec.id())));
    }

    @Test
    void streamsTheRoleFirstAndTheFinishReasonOncePerChoice() {
        var response = server.postLater(PATH, "{" + HI + ", \"stream\": true, \"n\": 2}");
        server.open();
        server.stream(
                delta(0, "a"),
                delta(1, "x"),
                delta(0, "b"),
                new Output.ChoiceFinished(1, FinishReason.LENGTH, -1, null),
                STOP,
                completed(19, 3));

        var events = events(response.join().body());
        assertThat(events.getLast()).isEqualTo("[DONE]");
        var chunks =
                events.subList(0, events.size() - 1).stream().map(ChatOverHttpTest::json).toList();
        assertThat(chunks.stream().map(chunk -> chunk.at("/choices/0/delta").toString()))
                .containsExactly(
                        "{\"role\":\"assistant\",\"content\":\"\"}",
                        "{\"content\":\"a\"}",
                        "{\"role\":\"assistant\",\"content\":\"\"}",
                        "{\"content\":\"x\"}",
                        "{\"content\":\"b\"}",
                        "{}",
                        "{}");
        assertThat(chunks.stream().map(chunk -> chunk.at("/choices/0/finish_reason").asString("-")))
                .containsExactly("-", "-", "-", "-", "-", "length", "stop");
        assertThat(chunks.stream().map(chunk -> chunk.at("/choices/0/index").intValue()))
                .containsExactly(0, 0, 1, 1, 0, 1, 0);
        assertThat(chunks.stream().map(chunk -> chunk.get("object").stringValue()))
                .containsOnly("chat.completion.chunk");
        assertThat(chunks.stream().map(chunk -> chunk.get("id").stringValue()).distinct())
                .hasSize(1);
    }

    @Test
    void writesLogprobsWithBytesAndAlternatives() {
        var response =
                server.postLater(PATH, "{" + HI + ", \"logprobs\": true, \"top_logprobs\": 2}");
        int wanted = server.open().choices().getFirst().params().logprobs();
        server.whole(
                new Output.Delta(
                        0,
                        "é",
                        tokens("é"),
                        List.of(
                                new Engine.TokenLogprob(
                                        -0.5f,
                                        TopLogprobs.of(
                                                new int[] {0xC3, 'a'}, new float[] {-0.5f, -1})),
                                new Engine.TokenLogprob(Float.NEGATIVE_INFINITY, null))),
                STOP,
                completed(19, 2));

        var content = json(response.join().body()).at("/choices/0/logprobs/content");
        assertThat(wanted).isEqualTo(2);
        assertThat(content).hasSize(2);
        assertThat(content.at("/0/bytes")).hasToString("[195]");
        assertThat(content.at("/0/logprob").floatValue()).isEqualTo(-0.5f);
        assertThat(content.at("/0/top_logprobs/1/token").stringValue()).isEqualTo("a");
        assertThat(content.at("/0/top_logprobs/1/bytes")).hasToString("[97]");
        assertThat(content.at("/1/logprob").floatValue()).isEqualTo(-9999f);
        assertThat(content.at("/1/top_logprobs")).isEmpty();
    }

    @Test
    void returnsTokenIdsWhereVllmDoes() {
        var whole = server.postLater(PATH, "{" + HI + ", \"return_token_ids\": true}");
        server.open();
        server.whole(delta(0, "a"), delta(0, "b"), STOP, completed(19, 2));
        var streamed =
                server.postLater(
                        PATH, "{" + HI + ", \"return_token_ids\": true, \"stream\": true}");
        server.open();
        server.stream(delta(0, ""), delta(0, "ab"), STOP, completed(19, 2));

        var answer = json(whole.join().body());
        assertThat(answer.get("prompt_token_ids")).hasSize(19);
        assertThat(answer.at("/choices/0/token_ids")).hasToString("[97,98]");
        var events = events(streamed.join().body());
        assertThat(json(events.get(0)).get("prompt_token_ids")).hasSize(19);
        assertThat(json(events.get(1)).at("/choices/0/token_ids")).isEmpty();
        assertThat(json(events.get(2)).at("/choices/0/token_ids")).hasToString("[97,98]");
        assertThat(json(events.get(2)).has("prompt_token_ids")).isFalse();
    }

    @Test
    void saysInEveryChunkWhatWasUsedWhereThatIsAskedFor() {
        var response =
                server.postLater(
                        PATH,
                        "{"
                                + HI
                                + ", \"stream\": true, \"stream_options\":"
                                + " {\"continuous_usage_stats\": true}}");
        server.open();
        server.stream(delta(0, "ab"), STOP, completed(19, 2));

        var events = events(response.join().body());
        assertThat(json(events.get(1)).at("/usage/completion_tokens").intValue()).isEqualTo(2);
        assertThat(json(events.get(1)).at("/usage/prompt_tokens").intValue()).isEqualTo(19);
    }

    @Test
    void namesTheStopTokenThatEndedAChoice() {
        var response = server.postLater(PATH, "{" + HI + ", \"stop_token_ids\": [7]}");
        var params = server.open().choices().getFirst().params();
        server.whole(new Output.ChoiceFinished(0, FinishReason.STOP, 7, null), completed(19, 0));

        assertThat(params.stopTokenIds()).isEqualTo(Tokens.of(7));
        assertThat(json(response.join().body()).at("/choices/0/stop_reason").intValue())
                .isEqualTo(7);
        assertThat(json(response.join().body()).at("/choices/0/message/content").stringValue())
                .isEmpty();
    }

    @Test
    void tellsTheModelOfToolsAndOfWhatWasCalledBefore() {
        var _ =
                server.postLater(
                        PATH,
                        """
                        {"messages": [
                           {"role": "assistant", "tool_calls": [
                             {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\\"x\\": 3}"}}]},
                           {"role": "tool", "tool_call_id": "c", "content": "4"}],
                         "tools": [{"type": "function", "function": {"name": "f"}}], "max_tokens": 1}
                        """);

        assertThat(server.open().choices().getFirst().prompt())
                .isEqualTo(tokens("[tool f <tool_call>][assistant][c 3][tool]4[assistant]"));
    }

    @Test
    void doesNotLetAUserWriteAControlToken() {
        var _ =
                server.postLater(
                        PATH, "{\"messages\": [{\"role\": \"user\", \"content\": \"<|end|>\"}]}");

        assertThat(server.open().choices().getFirst().prompt().contains(TestTokenizer.EOS))
                .isFalse();
    }

    @Test
    void streamsACallOfAToolByNameThenArguments() {
        var response = server.postLater(PATH, "{" + HI + TOOLS + ", \"stream\": true}");
        server.open();
        server.stream(
                delta(0, "Wait. <tool_"),
                delta(0, "call>{\"name\": \"f\", \"arguments\": {\"x\": 1}}</tool_call>"),
                STOP,
                completed(30, 9));

        var events = events(response.join().body());
        var chunks =
                events.subList(0, events.size() - 1).stream().map(ChatOverHttpTest::json).toList();
        assertThat(chunks).hasSize(5);
        assertThat(chunks.get(1).at("/choices/0/delta")).hasToString("{\"content\":\"Wait.\"}");
        var call = chunks.get(2).at("/choices/0/delta/tool_calls/0");
        assertThat(call.get("index").intValue()).isZero();
        assertThat(call.get("id").stringValue()).startsWith("call_");
        assertThat(call.get("type").stringValue()).isEqualTo("function");
        assertThat(call.at("/function/name").stringValue()).isEqualTo("f");
        assertThat(chunks.get(3).at("/choices/0/delta/tool_calls/0"))
                .isEqualTo(
                        json("{\"index\": 0, \"function\": {\"arguments\": \"{\\\"x\\\": 1}\"}}"));
        assertThat(chunks.get(4).at("/choices/0/finish_reason").stringValue())
                .isEqualTo("tool_calls");
    }

    @Test
    void answersWholeWithCallsOfToolsAndOneOnlyWhereOneIsWanted() {
        String calls =
                "<tool_call>{\"name\": \"f\"}</tool_call><tool_call>{\"name\": \"f\"}</tool_call>";
        var both = server.postLater(PATH, "{" + HI + TOOLS + "}");
        server.open();
        server.whole(delta(0, calls), STOP, completed(30, 9));
        var one = server.postLater(PATH, "{" + HI + TOOLS + ", \"parallel_tool_calls\": false}");
        server.open();
        server.whole(delta(0, calls), STOP, completed(30, 9));

        var choice = json(both.join().body()).at("/choices/0");
        assertThat(choice.get("finish_reason").stringValue()).isEqualTo("tool_calls");
        assertThat(choice.at("/message/content").isNull()).isTrue();
        assertThat(choice.at("/message/tool_calls")).hasSize(2);
        assertThat(choice.at("/message/tool_calls/0/function/arguments").stringValue())
                .isEqualTo("{}");
        assertThat(json(one.join().body()).at("/choices/0/message/tool_calls")).hasSize(1);
    }

    @Test
    void leavesWordsThatLookLikeACallAloneWhereNoToolsWereGiven() {
        var response = server.postLater(PATH, "{" + HI + "}");
        server.open();
        server.whole(delta(0, "<tool_call>{\"name\": \"f\"}</tool_call>"), STOP, completed(19, 9));

        var choice = json(response.join().body()).at("/choices/0");
        assertThat(choice.at("/message/content").stringValue()).startsWith("<tool_call>");
        assertThat(choice.get("finish_reason").stringValue()).isEqualTo("stop");
    }

    @Test
    void tellsWhatTheModelThoughtApartFromWhatItSaid() {
        server.close();
        server =
                new ServerFixture(
                        new OutputFormat(OutputFormat.Thoughts.THINK, OutputFormat.Calls.HERMES));
        var whole = server.postLater(PATH, "{" + HI + TOOLS + "}");
        server.open();
        server.whole(
                delta(0, "<think>\nHm.\n</think>\n\nA"),
                delta(0, "b<tool_call>{\"name\": \"f\"}</tool_call>"),
                STOP,
                completed(19, 9));
        var message = json(whole.join().body()).at("/choices/0/message");
        assertThat(message.get("reasoning_content").stringValue()).isEqualTo("Hm.");
        assertThat(message.get("content").stringValue()).isEqualTo("Ab");
        assertThat(message.get("tool_calls")).hasSize(1);

        var thoughtOnly = server.postLater(PATH, "{" + HI + "}");
        server.open();
        server.whole(delta(0, "<think>Hm"), STOP, completed(19, 9));
        message = json(thoughtOnly.join().body()).at("/choices/0/message");
        assertThat(message.get("reasoning_content").stringValue()).isEqualTo("Hm");
        assertThat(message.get("content").isNull()).isTrue();

        var silent = server.postLater(PATH, "{" + HI + ", \"include_reasoning\": false}");
        server.open();
        server.whole(delta(0, "<think>Hm</think>A"), STOP, completed(19, 9));
        message = json(silent.join().body()).at("/choices/0/message");
        assertThat(message.has("reasoning_content")).isFalse();
        assertThat(message.get("content").stringValue()).isEqualTo("A");

        var stream = server.postLater(PATH, "{" + HI + ", \"stream\": true}");
        server.open();
        server.stream(
                delta(0, "<thi"), delta(0, "nk>Hm"), delta(0, "</think>A"), STOP, completed(19, 9));
        var events = events(stream.join().body());
        var deltas =
                events.subList(0, events.size() - 1).stream()
                        .map(each -> json(each).at("/choices/0/delta").toString())
                        .toList();
        assertThat(deltas)
                .containsExactly(
                        "{\"role\":\"assistant\",\"content\":\"\"}",
                        "{\"reasoning_content\":\"Hm\"}",
                        "{\"content\":\"A\"}",
                        "{}");
    }

    @Test
    void specialTokensThatMarkWhatIsSaidHaveText() {
        server.close();
        server =
                new ServerFixture(
                        new OutputFormat(
                                OutputFormat.Thoughts.HARMONY, OutputFormat.Calls.HARMONY));
        var response = server.postLater(PATH, "{" + HI + ", \"stream\": true}");
        var spec = server.open();
        assertThat(spec.skipSpecialTokens()).isTrue();
        assertThat(spec.keptSpecialTokens()).isEqualTo(Tokens.of(TestTokenizer.EOS));
        server.stream(
                delta(0, "<|channel|>analysis<|message|>Hm.<|end|>"),
                delta(0, "<|channel|>final<|message|>A"),
                STOP,
                completed(19, 9));
        assertThat(response.join().body())
                .contains("{\"reasoning_content\":\"Hm.\"}")
                .contains("{\"content\":\"A\"}")
                .doesNotContain("channel|");
    }

    @Test
    void blamesTheMessagesWhenTheTemplateRefusesThem() {
        var response =
                server.post(PATH, "{" + HI + ", \"chat_template_kwargs\": {\"refuse\": true}}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response.body()).at("/error/param").stringValue()).isEqualTo("messages");
        assertThat(response.body()).contains("Roles must alternate.");
    }

    @Test
    void blamesTheNameThatTheClientUsedForTheLength() {
        var response = server.post(PATH, "{" + HI + ", \"max_completion_tokens\": 60}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(json(response.body()).at("/error/param").stringValue())
                .isEqualTo("max_completion_tokens");
        assertThat(response.body()).contains("64").contains("19").contains("79");
    }

    @Test
    void keepsASilentStreamAliveAndGivesUpOnAnEngineThatDoesNotAnswer() throws Exception {
        try (var hasty =
                new ServerFixture(
                        new OpenAiConfig(
                                1024,
                                Duration.ofSeconds(1),
                                Duration.ofMillis(300),
                                Duration.ofMillis(100),
                                WireLimits.DEFAULT))) {
            try (var client = hasty.rawPost(PATH, "{" + HI + ", \"stream\": true}")) {
                hasty.open();
                hasty.expectAttach();
                var read = new StringBuilder();
                byte[] buffer = new byte[1024];
                while (read.indexOf(": keep-alive\n\n") < 0) {
                    int count = client.getInputStream().read(buffer);
                    assertThat(count).isPositive();
                    read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
                }
            }
            hasty.handle.expectMessage(Requests.ClientGone.INSTANCE);

            var response = hasty.postLater(PATH, "{" + HI + "}");
            var open = hasty.expectOpen();
            assertThat(response.join().statusCode()).isEqualTo(503);
            open.replyTo().tell(new Requests.Opened(hasty.handle.ref()));
            hasty.handle.expectMessage(Requests.ClientGone.INSTANCE);
        }
    }

    @Test
    void letsAStreamEndWhenTheServerIsStopped() {
        var response = server.postLater(PATH, "{" + HI + ", \"stream\": true}");
        server.open();
        var stream = server.expectAttach();
        stream.tell(delta(0, "a"));
        server.handle.expectMessage(Requests.Taken.INSTANCE);

        var stopped = server.server.stop(Duration.ofSeconds(5)).toCompletableFuture();
        for (var output : List.of(delta(0, "b"), STOP, completed(19, 2))) {
            stream.tell(output);
            server.handle.expectMessage(Requests.Taken.INSTANCE);
        }

        assertThat(events(response.join().body()).getLast()).isEqualTo("[DONE]");
        stopped.join();
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    private static List<String> events(String body) {
        return CompletionsOverHttpTest.events(body);
    }
}
