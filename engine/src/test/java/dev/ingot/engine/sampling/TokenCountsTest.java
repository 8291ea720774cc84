package dev.ingot.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TokenCountsTest {
    @Test
    void countsAsAMapWouldWhileItGrows() {
        for (long seed = 0; seed < 20; seed++) {
            var random = new Random(seed);
            var counts = new TokenCounts();
            Map<Integer, Integer> expected = new HashMap<>();
            int range = 1 + random.nextInt(200_000);
            for (int i = 0; i < 5000; i++) {
                int token = random.nextInt(range);
                if (random.nextInt(3) == 0) {
                    counts.addPrompt(token);
                    expected.merge(token, 0, Integer::sum);
                } else {
                    counts.addOutput(token);
                    expected.merge(token, 1, Integer::sum);
                }
                if (i % 500 == 0) {
                    assertThat(contents(counts))
                            .as("seed %d, after %d", seed, i)
                            .isEqualTo(expected);
                }
            }
            assertThat(contents(counts)).as("seed %d", seed).isEqualTo(expected);
        }
    }

    private static Map<Integer, Integer> contents(TokenCounts counts) {
        var contents = new HashMap<Integer, Integer>();
        counts.forEach((token, count) -> assertThat(contents.put(token, count)).isNull());
        return contents;
    }
}
