package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.worker.WorkerSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Prompts as token ids, of no meaning, through the HTTP API and straight to an engine: the same tokens and the same log
/// probabilities, to the last bit.
final class TokenIdPromptsTest {
    private static final int OUTPUT = 12;

    private static List<Tokens> prompts() {
        var random = new Random(11);
        var prompts = new ArrayList<Tokens>();
        for (int length : new int[] {1, 2, 17, 100, 300}) {
            prompts.add(Tokens.of(random.ints(length, 0, 4000).toArray()));
        }
        return prompts;
    }

    @Test
    void theHttpApiGivesForTokenIdsWhatTheEngineGives() {
        var greedy = SamplingParams.greedy(OUTPUT).toBuilder().logprobs(0).build();
        var drawn = greedy.toBuilder().temperature(1).topP(0.9f).seed(5).build();
        var asked = new ArrayList<EngineRun.Asked>();
        for (var params : List.of(greedy, drawn)) {
            prompts().forEach(prompt -> asked.add(new EngineRun.Asked(prompt, params)));
        }
        var kit = ActorTestKit.create();
        List<EngineRun.Told> told;
        try {
            told = EngineRun.of(kit, WorkerSettings.defaults(TestServer.modelFolder()), asked);
        } finally {
            kit.shutdownTestKit();
        }
        try (var server = TestServer.start()) {
            for (int i = 0; i < asked.size(); i++) {
                boolean isDrawn = i >= prompts().size();
                var body = TestClient.JSON.createObjectNode();
                body.put("model", TestClient.MODEL).put("max_tokens", OUTPUT).put("logprobs", 0);
                body.put("return_token_ids", true).put("ignore_eos", true).put("seed", 5);
                body.put("temperature", isDrawn ? 1 : 0).put("top_k", 0);
                body.put("top_p", isDrawn ? 0.9 : 1).put("repetition_penalty", 1);
                var ids = body.putArray("prompt");
                for (int id : asked.get(i).prompt().toArray()) {
                    ids.add(id);
                }
                var choice = server.ask("/v1/completions", body).path("choices").path(0);
                assertThat(TestClient.tokenIds(choice))
                        .as("prompt %d", i)
                        .containsExactlyElementsOf(list(told.get(i).tokens()));
                assertThat(floats(choice.path("logprobs").path("token_logprobs")))
                        .as("prompt %d", i)
                        .isEqualTo(told.get(i).logprobs());
            }
            severalPromptsOfOneRequestAreAnsweredInTheirOrder(server, told);
        }
    }

    private static void severalPromptsOfOneRequestAreAnsweredInTheirOrder(
            TestServer server, List<EngineRun.Told> told) {
        var body = TestClient.JSON.createObjectNode();
        body.put("model", TestClient.MODEL).put("max_tokens", OUTPUT).put("temperature", 0);
        body.put("return_token_ids", true).put("ignore_eos", true);
        var lists = body.putArray("prompt");
        for (var prompt : prompts()) {
            var ids = lists.addArray();
            for (int id : prompt.toArray()) {
                ids.add(id);
            }
        }
        var choices = server.ask("/v1/completions", body).path("choices");
        assertThat(choices.size()).isEqualTo(prompts().size());
        for (int i = 0; i < choices.size(); i++) {
            assertThat(TestClient.tokenIds(choices.path(i)))
                    .containsExactlyElementsOf(list(told.get(i).tokens()));
        }
    }

    private static List<Integer> list(Tokens tokens) {
        var list = new ArrayList<Integer>();
        for (int id : tokens.toArray()) {
            list.add(id);
        }
        return list;
    }

    private static List<Float> floats(JsonNode numbers) {
        var floats = new ArrayList<Float>();
        numbers.forEach(number -> floats.add(number.floatValue()));
        return floats;
    }
}
