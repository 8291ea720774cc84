package dev.ingot.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.sequence.Tokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ids that llama.cpp gives, for every text of its own test; and files that are not what they should be.
final class ConvertedVocabulariesTest {
    private static final String BETWEEN = "\n__ggml_vocab_test__\n";

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "llama-spm", "phi-3"})
    void aGgufVocabularyGivesTheIdsOfLlamaCpp(String name) throws IOException {
        Path file = TestTokenizers.shared("tokenizers/ggml-vocab-" + name + ".gguf");
        try (var tokenizer = Tokenizer.loadGguf(file)) {
            var texts = read(file + ".inp").split(BETWEEN, -1);
            var expected = read(file + ".out").split("\n", -1);
            assertThat(texts).hasSizeGreaterThanOrEqualTo(46);
            for (int i = 0; i < 46; i++) {
                assertThat(tokenizer.encode(texts[i], false))
                        .as("text %d: %s", i, texts[i])
                        .isEqualTo(ids(expected[i]));
                assertThat(tokenizer.decode(tokenizer.encode(texts[i], false), false))
                        .as("text %d", i)
                        .isEqualTo(texts[i]);
            }
        }
    }

    @Test
    void aGgufFileSaysWhichTokensBeginAndEndAText() {
        Path file = TestTokenizers.shared("tokenizers/ggml-vocab-llama-spm.gguf");
        try (var tokenizer = Tokenizer.loadGguf(file)) {
            assertThat(tokenizer.bosToken()).hasValue("<s>");
            assertThat(tokenizer.eosTokenId()).hasValue(2);
            assertThat(tokenizer.encode("Hello", true).toArray()).startsWith(1);
            assertThat(tokenizer.isSpecial(1)).isTrue();
        }
    }

    @Test
    void anUnknownPreTokenizerIsRefusedByName() {
        assertThat(PreTokenizer.named("gpt-9")).isEmpty();
        Path file = folder.resolve("v.gguf");
        GgufVocabularyWriter.gpt2(file, "gpt-9");
        assertThatThrownBy(() -> Tokenizer.loadGguf(file).close())
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("v.gguf")
                .hasMessageContaining("tokenizer.ggml.pre")
                .hasMessageContaining("found 'gpt-9'");
    }

    @Test
    void tekkenTokensComeBehindItsControlTokens() throws IOException {
        var vocab = new StringBuilder();
        for (int i = 0; i < 256; i++) {
            append(vocab, i, new byte[] {(byte) i});
        }
        append(vocab, 256, "he".getBytes(StandardCharsets.UTF_8));
        append(vocab, 257, "ll".getBytes(StandardCharsets.UTF_8));
        append(vocab, 258, "hell".getBytes(StandardCharsets.UTF_8));
        append(vocab, 259, "beyond".getBytes(StandardCharsets.UTF_8));
        Files.writeString(
                folder.resolve("tekken.json"),
                "{\"config\":{\"pattern\":\"\\\\p{L}+|\\\\s+\",\"default_vocab_size\":269,"
                        + "\"default_num_special_tokens\":10},\"vocab\":["
                        + vocab
                        + "]}");
        try (var tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.encode("hell he", false)).isEqualTo(Tokens.of(268, 42, 266));
            assertThat(tokenizer.encode("hell", true)).isEqualTo(Tokens.of(1, 268));
            assertThat(tokenizer.encode("[INST]", false)).isEqualTo(Tokens.of(3));
            assertThat(tokenizer.vocabularySize()).isEqualTo(269);
            assertThat(tokenizer.decode(Tokens.of(268, 42, 266), false)).isEqualTo("hell he");
        }
    }

    @Test
    void aSentencePieceModelIsReadFromItsProtobuf() throws IOException {
        Files.write(folder.resolve("tokenizer.model"), Protobuf.sentencePieces(2));
        try (var tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.encode("ab", false)).isEqualTo(Tokens.of(7));
            assertThat(tokenizer.decode(Tokens.of(7), false)).isEqualTo("ab");
            assertThat(tokenizer.isSpecial(1)).isTrue();
        }
    }

    /// With an identity and bytes, and with NFKC and unknown characters: `models/sentencepiece_goldens.py`.
    @ParameterizedTest
    @ValueSource(strings = {"unigram-bytes", "unigram-nfkc", "bpe-bytes"})
    void aSentencePieceModelGivesTheIdsOfSentencePiece(String name) throws IOException {
        copy(name + ".model", folder.resolve("tokenizer.model"));
        copy(name + ".json", folder.resolve("goldens.json"));
        var goldens = JsonFiles.MAPPER.readTree(Files.readAllBytes(folder.resolve("goldens.json")));
        assertThat(goldens.size()).isGreaterThanOrEqualTo(25);
        try (var tokenizer = Tokenizer.load(folder)) {
            int unknown = tokenizer.idOf("<unk>").orElseThrow();
            for (var golden : goldens) {
                var text = golden.get("text").stringValue();
                var ids =
                        Tokens.of(
                                golden.get("ids")
                                        .valueStream()
                                        .mapToInt(id -> id.intValue())
                                        .toArray());
                assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(ids);
                if (IntStream.of(ids.toArray()).noneMatch(id -> id == unknown)) {
                    assertThat(tokenizer.decode(ids, false))
                            .as(text)
                            .isEqualTo(golden.get("decoded").stringValue());
                }
            }
        }
    }

    @Test
    void theNameOfAByteInATextIsNotThatByte() throws IOException {
        copy("unigram-bytes.model", folder.resolve("tokenizer.model"));
        try (var tokenizer = Tokenizer.load(folder)) {
            var ids = tokenizer.encode("a<0x0A>b", false);
            assertThat(tokenizer.decode(ids, false)).isEqualTo("a<0x0A>b");
        }
    }

    @Test
    void aModelOfWordsIsRefusedByItsType() throws IOException {
        Files.write(folder.resolve("tokenizer.model"), Protobuf.sentencePieces(3));
        assertThatThrownBy(() -> Tokenizer.load(folder).close())
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining(
                        "tokenizer.model: expected model_type 1 (unigram) or 2 (BPE), found 3");
    }

    @Test
    void aTruncatedSentencePieceModelIsRefusedWhereverItEnds() throws IOException {
        byte[] whole = Protobuf.sentencePieces(2);
        Path file = folder.resolve("tokenizer.model");
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Tokenizer.load(folder).close())
                    .as("%d bytes", length)
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageContaining("tokenizer.model");
        }
    }

    @Test
    void ranksOfAnUnknownTokenizerAreRefusedByTheirNumber() throws IOException {
        Files.writeString(folder.resolve("tokenizer.model"), "IQ== 0\nIg== 1\n");
        assertThatThrownBy(() -> Tokenizer.load(folder).close())
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("found 2");
    }

    @Test
    void ranksBecomeTheMergesThatLeadToThem() {
        var ranks = new TiktokenRanks(Path.of("r"));
        var tokens = new String[] {"a", "b", "c", "ab", "abc", "cc", "abcabc"};
        for (int i = 0; i < tokens.length; i++) {
            ranks.add(tokens[i].getBytes(StandardCharsets.UTF_8), i);
        }
        var json =
                ranks.tokenizerJson(0, List.of(), Optional.empty(), TokenizerJson.byteLevel(true));
        assertThat(json.path("model").path("merges").toString())
                .isEqualTo("[[\"a\",\"b\"],[\"ab\",\"c\"],[\"c\",\"c\"],[\"abc\",\"abc\"]]");
        assertThat(json.path("model").path("ignore_merges").asBoolean()).isFalse();
    }

    private static void append(StringBuilder vocab, int rank, byte[] token) {
        vocab.append(rank == 0 ? "" : ",")
                .append("{\"rank\":")
                .append(rank)
                .append(",\"token_bytes\":\"")
                .append(Base64.getEncoder().encodeToString(token))
                .append("\"}");
    }

    private static void copy(String resource, Path file) throws IOException {
        try (var content =
                ConvertedVocabulariesTest.class.getResourceAsStream("sentencepiece/" + resource)) {
            Files.copy(Objects.requireNonNull(content, resource), file);
        }
    }

    private static String read(String file) throws IOException {
        return Files.readString(Path.of(file));
    }

    private static Tokens ids(String line) {
        return Tokens.of(
                Arrays.stream(line.strip().split("\\s+"))
                        .filter(each -> !each.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray());
    }
}
