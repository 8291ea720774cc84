package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// Several choices of one prompt share its blocks, and each gives what it would have given by itself.
final class ParallelChoicesTest {
    private static final int CHOICES = 6;

    private static final TestServer SERVER = TestServer.start();

    @AfterAll
    static void stop() {
        SERVER.close();
    }

    private static ObjectNode sampled(String prompt) {
        var body = TestServer.completion(prompt, 40);
        body.put("temperature", 1.1);
        body.put("seed", 11);
        body.put("ignore_eos", true);
        return body;
    }

    /// Lengths around a block's end: with a last block that is full, nearly full, and just begun.
    @ParameterizedTest
    @ValueSource(ints = {1, 13, 14, 15, 16, 17, 18, 40})
    void everyChoiceIsWhatItIsWithoutTheOthers(int words) {
        String prompt = "fox ".repeat(words).strip();
        double forked = SERVER.metric("ingot:forked_tokens_total");

        var together = sampled(prompt);
        together.put("n", CHOICES);
        together.put("cache_salt", "together " + words);
        var choices = SERVER.ask("/v1/completions", together).path("choices");

        assertThat(SERVER.metric("ingot:forked_tokens_total"))
                .as("the prompt was computed once")
                .isGreaterThan(forked + (CHOICES - 1) * (words / 2.0) - 1);
        for (int i = 0; i < CHOICES; i++) {
            // The same number of choice, but after other prompts: there is nobody to share with.
            var alone = sampled(prompt);
            alone.put("cache_salt", "alone " + words + " " + i);
            var prompts = alone.putArray("prompt");
            for (int other = 0; other < i; other++) {
                prompts.add("another prompt, number " + other);
            }
            prompts.add(prompt);
            var expected = SERVER.ask("/v1/completions", alone).path("choices").path(i);
            assertThat(TestServer.tokenIds(choices.path(i)))
                    .as("choice %d of %d words", i, words)
                    .isEqualTo(TestServer.tokenIds(expected));
        }
    }

    @Test
    void choicesDifferFromEachOtherAndThePromptCountsOnce() {
        var body = sampled("A story about a fox and a lantern that nobody had lit for years");
        body.put("n", CHOICES);
        var answer = SERVER.ask("/v1/completions", body);
        List<List<Integer>> all = new java.util.ArrayList<>();
        answer.path("choices").forEach(choice -> all.add(TestServer.tokenIds(choice)));
        assertThat(all).hasSize(CHOICES).doesNotHaveDuplicates();
        assertThat(answer.path("usage").path("prompt_tokens").intValue()).isLessThan(40);
        assertThat(answer.path("usage").path("completion_tokens").intValue())
                .isEqualTo(40 * CHOICES);
        assertThat(SERVER.metric("ingot:copied_blocks_total")).isPositive();
    }
}
