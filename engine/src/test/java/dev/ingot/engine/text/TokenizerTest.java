package dev.ingot.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.sequence.Tokens;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    @TempDir Path folder;

    @Test
    void mergesBytesAndDecodesThemBack() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.encode("hello w", true)).isEqualTo(Tokens.of(259, 260));
            assertThat(tokenizer.decode(Tokens.of(259, 260), true)).isEqualTo("hello w");
            assertThat(tokenizer.encode("", true)).isEqualTo(Tokens.NONE);
        }
    }

    @Test
    void neverTruncatesALongText() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.encode("hello w".repeat(5_000), true).size()).isEqualTo(10_000);
        }
    }

    @Test
    void neverTruncatesOrPadsEvenIfTheFileAsksForIt() throws Exception {
        var json = TestTokenizers.byteLevelJson();
        json.putObject("truncation")
                .put("direction", "Right")
                .put("max_length", 4)
                .put("strategy", "LongestFirst")
                .put("stride", 0);
        json.putObject("padding")
                .put("direction", "Right")
                .put("pad_id", 0)
                .put("pad_type_id", 0)
                .put("pad_token", "!")
                .putObject("strategy")
                .put("Fixed", 32);
        TestTokenizers.write(folder, "tokenizer.json", json);
        try (var tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.encode("hello hello hello hello", false).size()).isEqualTo(7);
        }
    }

    @Test
    void readsControlTokensInRawText() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.encode("<|im_start|>hello", false)).isEqualTo(Tokens.of(265, 259));
            assertThat(tokenizer.decode(Tokens.of(265, 259), true)).isEqualTo("hello");
            assertThat(tokenizer.decode(Tokens.of(265, 259), false)).isEqualTo("<|im_start|>hello");
        }
    }

    @Test
    void knowsEachTokensBytes() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(268);
            assertThat(tokenizer.tokenText(259)).isEqualTo("hello");
            assertThat(tokenizer.tokenText(260)).isEqualTo(" w");
            assertThat(tokenizer.tokenBytes(261)).containsExactly(0xF0, 0x9F);
            assertThat(tokenizer.tokenText(261)).isEqualTo("\uFFFD");
            assertThat(tokenizer.tokenText(265)).isEqualTo("<|im_start|>");
            for (int value = 0; value < 256; value++) {
                assertThat(tokenizer.tokenBytes(value)).containsExactly((byte) value);
            }
        }
    }

    @Test
    void aTokensBytesJoinedAreTheText() throws Exception {
        String text = "hello 🦙 naïve “quotes”\n\n\t日本語 \u0000 \u00AD end";
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            var ids = tokenizer.encode(text, false);
            byte[] bytes = new byte[text.getBytes(StandardCharsets.UTF_8).length];
            int at = 0;
            for (int id : ids.toArray()) {
                byte[] token = tokenizer.tokenBytes(id);
                System.arraycopy(token, 0, bytes, at, token.length);
                at += token.length;
            }
            assertThat(new String(bytes, 0, at, StandardCharsets.UTF_8)).isEqualTo(text);
            assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
        }
    }

    @Test
    void anIdWithoutATokenHasNoText() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.contains(268)).isFalse();
            assertThat(tokenizer.contains(-1)).isFalse();
            assertThat(tokenizer.tokenText(100_000)).isEmpty();
            assertThat(tokenizer.decode(Tokens.of(259, 100_000, -1), false)).isEqualTo("hello");
        }
    }

    @Test
    void tellsSpecialTokensFromAddedOnes() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.isSpecial(266)).isTrue();
            assertThat(tokenizer.isSpecial(267)).isFalse();
            assertThat(tokenizer.isSpecial(100_000)).isFalse();
            assertThat(tokenizer.idOf("<tool_call>")).hasValue(267);
            assertThat(tokenizer.idOf("absent")).isEmpty();
            assertThat(tokenizer.eosTokenId()).hasValue(266);
            assertThat(tokenizer.bosToken()).isEmpty();
            assertThat(tokenizer.addsBos()).isFalse();
        }
    }

    @Test
    void addsBosWhereThePostProcessorDoes() throws Exception {
        try (var tokenizer = TestTokenizers.sentencePiece(folder, "first")) {
            assertThat(tokenizer.addsBos()).isTrue();
            assertThat(tokenizer.bosTokenId()).hasValue(1);
            assertThat(tokenizer.encode("", true)).isEqualTo(Tokens.of(1));
            assertThat(tokenizer.encode("a", true).get(0)).isEqualTo(1);
            assertThat(tokenizer.encode("a", false).get(0)).isNotEqualTo(1);
        }
    }

    @Test
    void theConfigDecidesAboutBosWhereItSpeaks() throws Exception {
        TestTokenizers.write(folder, "tokenizer_config.json", "{\"add_bos_token\": false}");
        try (var tokenizer = TestTokenizers.sentencePiece(folder, "first")) {
            assertThat(tokenizer.addsBos()).isFalse();
            assertThat(tokenizer.encode("a", true)).isEqualTo(tokenizer.encode("a", false));
        }
        TestTokenizers.write(
                folder,
                "tokenizer_config.json",
                "{\"add_bos_token\": true, \"bos_token\": \"<|endoftext|>\"}");
        TestTokenizers.write(folder, "tokenizer.json", TestTokenizers.byteLevelJson());
        try (var tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.encode("hello", true)).isEqualTo(Tokens.of(264, 259));
        }
    }

    @Test
    void doesNotAddTheBosThatATemplateWrote() throws Exception {
        try (var tokenizer = TestTokenizers.sentencePiece(folder, "first")) {
            var once = tokenizer.encode(PromptText.trusted("<s>he"));
            assertThat(once.get(0)).isEqualTo(1);
            assertThat(once.get(1)).isNotEqualTo(1);
            assertThat(tokenizer.encode(PromptText.trusted("he")).get(0)).isEqualTo(1);
        }
    }

    @Test
    void sentencePieceTokensStandForBytesAndBlanks() throws Exception {
        try (var tokenizer = TestTokenizers.sentencePiece(folder, "first")) {
            assertThat(tokenizer.tokenBytes(3 + 0xF0)).containsExactly(0xF0);
            assertThat(tokenizer.tokenText(tokenizer.idOf("▁w").getAsInt())).isEqualTo(" w");
            assertThat(tokenizer.decode(tokenizer.encode("hello world 🦙", true), true))
                    .isEqualTo("hello world 🦙");
        }
    }

    @Test
    void namesTheFileThatIsMissing() {
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining(folder.resolve("tokenizer.json").toString());
    }

    @Test
    void namesTheFileThatIsDamagedAndWhere() throws Exception {
        for (String damaged :
                List.of("{\"model\": {", "[]", "", "{}", "{\"model\": {\"vocab\": {\"a\": -1}}}")) {
            TestTokenizers.write(folder, "tokenizer.json", damaged);
            assertThatThrownBy(() -> Tokenizer.load(folder))
                    .as(damaged)
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageContaining("tokenizer.json");
        }
    }

    @Test
    void givesTheLibrarysReasonForRefusingAFile() throws Exception {
        var json = TestTokenizers.byteLevelJson();
        json.withArray("/model/merges").add("no-such no-token");
        TestTokenizers.write(folder, "tokenizer.json", json);
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("no-such");
    }

    @Test
    void halfASurrogatePairIsAReplacementCharacter() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder)) {
            assertThat(tokenizer.decode(tokenizer.encode("a\uD83Db", false), false))
                    .isEqualTo("a\uFFFDb");
        }
    }

    @Test
    void answersTheSameFromManyThreads() throws Exception {
        try (var tokenizer = TestTokenizers.byteLevel(folder);
                var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Boolean>> calls =
                    IntStream.range(0, 200)
                            .<Callable<Boolean>>mapToObj(seed ->
                                    () -> {
                                        String text = randomText(seed, 200);
                                        return tokenizer
                                                .decode(tokenizer.encode(text, false), false)
                                                .equals(text);
                                    })
                            .toList();
            for (var result : pool.invokeAll(calls)) {
                assertThat(result.get()).isTrue();
            }
        }
    }

    @Test
    void refusesToBeUsedAfterItIsClosed() throws Exception {
        var tokenizer = TestTokenizers.byteLevel(folder);
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", false))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theLibraryHasABuildForEachMachineWeServe() {
        for (String[] machine :
                new String[][] {
                    {"Mac OS X", "aarch64"}, {"Linux", "amd64"}, {"Linux", "aarch64"}
                }) {
            String resource = NativeLibrary.resource(machine[0], machine[1]);
            assertThat(getClass().getClassLoader().getResource(resource)).as(resource).isNotNull();
        }
    }

    @Test
    void givesTheIdsThatTransformersGaveForARealModel() throws Exception {
        Path model = TestTokenizers.shared("stories260K-hf");
        var expected = JsonFiles.MAPPER.readTree(Files.readString(model.resolve("expected.json")));
        try (var tokenizer = Tokenizer.load(model)) {
            int compared = 0;
            for (var each : expected.findParents("prompt")) {
                int[] ids =
                        each.findValue("prompt_ids")
                                .valueStream()
                                .mapToInt(id -> id.intValue())
                                .toArray();
                assertThat(tokenizer.encode(each.get("prompt").stringValue(), true))
                        .isEqualTo(Tokens.of(ids));
                compared++;
            }
            assertThat(compared).isPositive();
        }
    }

    static String randomText(long seed, int length) {
        var random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        String[] parts = {
            "hello", " w", "é", "🦙", "日", "\n", " ", "<|im", "a", "👩‍👧", "\u00AD", "ll"
        };
        var text = new StringBuilder();
        while (text.length() < length) {
            text.append(parts[random.nextInt(parts.length)]);
        }
        return text.toString();
    }
}
