package dev.ingot.engine.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sequence.Tokens;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DetokenizerTest {
    @TempDir Path folder;

    private static String stream(Tokenizer tokenizer, Tokens ids, boolean skipSpecial) {
        var detokenizer = new Detokenizer(tokenizer, skipSpecial);
        var text = new StringBuilder();
        for (int id : ids.toArray()) {
            text.append(detokenizer.add(id));
        }
        return text.append(detokenizer.finish()).toString();
    }

    @Test
    void holdsBackACharacterUntilItIsWhole() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var detokenizer = new Detokenizer(tokenizer, true);
            assertThat(detokenizer.add(261)).isEmpty(); // F0 9F
            assertThat(detokenizer.add(0xA6)).isEmpty();
            assertThat(detokenizer.add(0x99)).isEqualTo("🦙");
            assertThat(detokenizer.add(259)).isEqualTo("hello");
            assertThat(detokenizer.finish()).isEmpty();
        }
    }

    @Test
    void givesWhatWasHeldBackAtTheEnd() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var detokenizer = new Detokenizer(tokenizer, true);
            assertThat(detokenizer.add(259)).isEqualTo("hello");
            assertThat(detokenizer.add(261)).isEmpty();
            assertThat(detokenizer.finish()).isEqualTo("\uFFFD");
        }
    }

    @Test
    void aBrokenCharacterIsGivenAsSoonAsItCannotBecomeWhole() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var detokenizer = new Detokenizer(tokenizer, true);
            assertThat(detokenizer.add(261)).isEmpty();
            assertThat(detokenizer.add('a')).isEqualTo("\uFFFDa");
            assertThat(detokenizer.add(0x99)).isEqualTo("\uFFFD");
        }
    }

    @Test
    void streamedTextEqualsOneDecode() throws Exception {
        try (var bytes = TestTokenizers.byteLevel(folder)) {
            assertStreamsEqualWhole(bytes);
        }
        for (String scheme : List.of("first", "always")) {
            try (var pieces = TestTokenizers.sentencePiece(folder, scheme)) {
                assertStreamsEqualWhole(pieces);
            }
        }
    }

    private static void assertStreamsEqualWhole(Tokenizer tokenizer) {
        for (int seed = 0; seed < 100; seed++) {
            String text = TokenizerTest.randomText(seed, 120);
            var ids = tokenizer.encode(text, false);
            assertThat(stream(tokenizer, ids, true))
                    .as("seed " + seed)
                    .isEqualTo(tokenizer.decode(ids, true));
        }
    }

    @Test
    void anyTokensStreamLikeOneDecode() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            for (int seed = 0; seed < 200; seed++) {
                var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
                var ids =
                        Tokens.of(
                                random.ints(60, 0, 272)
                                        .toArray()); // broken characters, specials, unknown ids
                for (boolean skipSpecial : new boolean[] {true, false}) {
                    assertThat(stream(tokenizer, ids, skipSpecial))
                            .as("seed " + seed)
                            .isEqualTo(tokenizer.decode(ids, skipSpecial));
                }
            }
        }
    }

    @Test
    void specialTokensHaveTextOnlyWhereTheyAreWanted() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var ids = Tokens.of(259, 266, 260);
            assertThat(stream(tokenizer, ids, true)).isEqualTo("hello w");
            assertThat(stream(tokenizer, ids, false)).isEqualTo("hello<|im_end|> w");
        }
    }

    @Test
    void aSkippedSpecialTokenDoesNotSwallowTheBlankAfterIt() throws Exception {
        try (var tokenizer = TestTokenizers.sentencePiece(folder, "first")) {
            int world = tokenizer.idOf("▁w").getAsInt();
            var ids = Tokens.of(world, 2, 2, world);
            assertThat(stream(tokenizer, ids, true))
                    .isEqualTo("w w")
                    .isEqualTo(tokenizer.decode(ids, true));
        }
    }

    @Test
    void aTextThatContinuesAPromptKeepsItsFirstBlank() throws Exception {
        try (var tokenizer = TestTokenizers.sentencePiece(folder, "first")) {
            int world = tokenizer.idOf("▁w").getAsInt();
            assertThat(new Detokenizer(tokenizer, true).add(world)).isEqualTo("w");
            var continuing =
                    new Detokenizer(tokenizer, true)
                            .continuing(tokenizer.encode("hello hello hello", true));
            assertThat(continuing.add(world)).isEqualTo(" w");
            assertThat(new Detokenizer(tokenizer, true).continuing(Tokens.NONE).add(world))
                    .isEqualTo("w");
        }
    }

    @Test
    void theCostPerTokenDoesNotGrowWithTheText() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var detokenizer = new Detokenizer(tokenizer, true);
            for (int i = 0; i < 20_000; i++) {
                detokenizer.add(
                        i % 3 == 0
                                ? 266
                                : 0x80); // special tokens and bytes that are never a character
                assertThat(detokenizer.windowSize()).isLessThan(8);
            }
        }
    }

    @Test
    void streamsARealVocabulary() {
        try (var tokenizer = Tokenizer.load(TestTokenizers.shared("stories260K-hf"))) {
            assertStreamsEqualWhole(tokenizer);
        }
    }

    @Test
    void specialTokensThatAreKeptHaveTextAllTheSame() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var detokenizer = new Detokenizer(tokenizer, true, Tokens.of(265));
            assertThat(detokenizer.add(265) + detokenizer.add(266) + detokenizer.add(259))
                    .isEqualTo("<|im_start|>hello");
        }
    }
}
