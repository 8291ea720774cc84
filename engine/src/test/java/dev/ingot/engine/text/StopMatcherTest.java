package dev.ingot.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
    @Test
    void holdsBackWhatMayBeginAStopString() {
        var matcher = new StopMatcher(List.of("END"), false);
        assertThat(matcher.add("the E")).isEqualTo("the ");
        assertThat(matcher.add("N")).isEmpty();
        assertThat(matcher.add("T")).isEqualTo("ENT");
        assertThat(matcher.matched()).isEmpty();
    }

    @Test
    void cutsAcrossDeltas() {
        var matcher = new StopMatcher(List.of("END"), false);
        assertThat(matcher.add("the EN") + matcher.add("D of it")).isEqualTo("the ");
        assertThat(matcher.matched()).contains("END");
        assertThat(matcher.add("more")).isEmpty();
        assertThat(matcher.finish()).isEmpty();
    }

    @Test
    void includesTheStopStringWhereAsked() {
        var matcher = new StopMatcher(List.of("END"), true);
        assertThat(matcher.add("the EN") + matcher.add("D of it")).isEqualTo("the END");
    }

    @Test
    void givesWhatItHeldAtTheEnd() {
        var matcher = new StopMatcher(List.of("\n\n"), false);
        assertThat(matcher.add("line\n")).isEqualTo("line");
        assertThat(matcher.finish()).isEqualTo("\n");
        assertThat(matcher.matched()).isEmpty();
    }

    @Test
    void theStopStringThatIsCompleteFirstWins() {
        var matcher = new StopMatcher(List.of("abcd", "bc"), false);
        assertThat(matcher.add("xabcd")).isEqualTo("xa");
        assertThat(matcher.matched()).contains("bc");
    }

    @Test
    void theLongestWinsAmongThoseThatEndTogether() {
        var matcher = new StopMatcher(List.of("c", "abc"), false);
        assertThat(matcher.add("xabc")).isEqualTo("x");
        assertThat(matcher.matched()).contains("abc");
    }

    @Test
    void findsAStopStringThatOverlapsItself() {
        var matcher = new StopMatcher(List.of("aab"), false);
        assertThat(matcher.add("aaa") + matcher.add("ab!")).isEqualTo("aa");
        assertThat(matcher.matched()).contains("aab");
    }

    @Test
    void withoutStopStringsTextPassesThrough() {
        var matcher = new StopMatcher(List.of(), false);
        assertThat(matcher.add("anything")).isEqualTo("anything");
        assertThat(matcher.finish()).isEmpty();
    }

    @Test
    void refusesAnEmptyStopString() {
        assertThatThrownBy(() -> new StopMatcher(List.of("a", ""), false))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyCutOfTheTextGivesTheSameResult() {
        for (int seed = 0; seed < 2_000; seed++) {
            var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            String text = letters(random, 30);
            var stops =
                    List.of(
                            letters(random, 1 + random.nextInt(4)),
                            letters(random, 1 + random.nextInt(4)));
            boolean include = random.nextBoolean();
            var matcher = new StopMatcher(stops, include);
            var streamed = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int next = Math.min(text.length(), at + random.nextInt(5));
                streamed.append(matcher.add(text.substring(at, next)));
                at = next;
            }
            streamed.append(matcher.finish());
            assertThat(List.of(streamed.toString(), matcher.matched()))
                    .as("seed " + seed + ": " + text + " " + stops)
                    .isEqualTo(bySearching(text, stops, include));
        }
    }

    /// The definition, tried at every end.
    private static List<Object> bySearching(String text, List<String> stops, boolean include) {
        for (int end = 1; end <= text.length(); end++) {
            String head = text.substring(0, end);
            var longest =
                    stops.stream()
                            .filter(head::endsWith)
                            .max((a, b) -> Integer.compare(a.length(), b.length()));
            if (longest.isPresent()) {
                return List.of(
                        include ? head : head.substring(0, end - longest.get().length()), longest);
            }
        }
        return List.of(text, Optional.empty());
    }

    private static String letters(RandomGenerator random, int length) {
        var letters = new StringBuilder();
        for (int i = 0; i < length; i++) {
            letters.append((char) ('a' + random.nextInt(2)));
        }
        return letters.toString();
    }
}
