package dev.ingot.engine.text;

import dev.ingot.engine.text.TokenizerJson.Added;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// A file of tiktoken's ranks: lines of `base64 rank`.
///
/// Such a file has neither the pattern that cuts words nor the control tokens, and both decide about ids. So only the
/// two published ones are known, by their number of ranks: Qwen's (`qwen.tiktoken`) and Llama 3's (`tokenizer.model`).
record TiktokenFile(Path file, TokenizerConfig config) implements TokenizerSource {
    private static final long MAX_BYTES = 64 << 20;
    private static final int QWEN_RANKS = 151_643;
    private static final int LLAMA3_RANKS = 128_000;
    private static final int LLAMA3_SPECIAL = 256;
    private static final int QWEN_EXTRAS = 205;

    /// Whether the file begins as such a file does, and not as a SentencePiece model.
    static boolean isOne(Path file) {
        try (var input = Files.newInputStream(file)) {
            var start = new String(input.readNBytes(64), StandardCharsets.ISO_8859_1);
            return start.matches("(?s)[A-Za-z0-9+/]+={0,2} \\d+\\r?\\n.*");
        } catch (IOException e) {
            throw new TokenizerException("cannot read " + file + ": " + e, e);
        }
    }

    @Override
    public ObjectNode tokenizerJson() {
        var ranks = read();
        return switch (ranks.size()) {
            case QWEN_RANKS ->
                    ranks.tokenizerJson(
                            0,
                            qwenSpecial(),
                            Optional.of(TokenizerJson.nfc()),
                            PreTokenizer.QWEN2.json());
            case LLAMA3_RANKS ->
                    ranks.tokenizerJson(
                            0, llama3Special(), Optional.empty(), PreTokenizer.LLAMA3.json());
            default ->
                    throw new TokenizerException(
                            file
                                    + ": expected "
                                    + QWEN_RANKS
                                    + " ranks (Qwen) or "
                                    + LLAMA3_RANKS
                                    + " (Llama 3), found "
                                    + ranks.size()
                                    + ": how they cut words is not in the file; a tokenizer.json is needed");
        };
    }

    private TiktokenRanks read() {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new TokenizerException(
                        file + ": expected at most " + MAX_BYTES + " bytes, found " + bytes);
            }
            var ranks = new TiktokenRanks(file);
            int number = 0;
            for (var line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                number++;
                if (!line.isBlank()) {
                    add(ranks, line.strip(), number);
                }
            }
            return ranks;
        } catch (IOException e) {
            throw new TokenizerException("cannot read " + file + ": " + e, e);
        }
    }

    private void add(TiktokenRanks ranks, String line, int number) {
        int blank = line.indexOf(' ');
        try {
            if (blank > 0) {
                int rank = Integer.parseInt(line, blank + 1, line.length(), 10);
                if (rank == ranks.size()) {
                    ranks.add(Base64.getDecoder().decode(line.substring(0, blank)), rank);
                    return;
                }
            }
        } catch (IllegalArgumentException e) {
            throw new TokenizerException(
                    file + ": line " + number + ": expected base64 and a rank: " + e.getMessage(),
                    e);
        }
        throw new TokenizerException(
                file + ": line " + number + ": expected base64 and the rank " + ranks.size());
    }

    private static List<Added> qwenSpecial() {
        var names = new ArrayList<>(List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>"));
        for (int i = 0; i < QWEN_EXTRAS; i++) {
            names.add("<|extra_" + i + "|>");
        }
        return TiktokenRanks.filledUp(QWEN_RANKS, names, names.size(), "");
    }

    /// As Meta's `tokenizer.py` numbers them for Llama 3.
    private static List<Added> llama3Special() {
        var names =
                new ArrayList<>(
                        List.of(
                                "<|begin_of_text|>",
                                "<|end_of_text|>",
                                "<|reserved_special_token_0|>",
                                "<|reserved_special_token_1|>",
                                "<|reserved_special_token_2|>",
                                "<|reserved_special_token_3|>",
                                "<|start_header_id|>",
                                "<|end_header_id|>",
                                "<|reserved_special_token_4|>",
                                "<|eot_id|>"));
        for (int i = 5; names.size() < LLAMA3_SPECIAL; i++) {
            names.add("<|reserved_special_token_" + i + "|>");
        }
        return TiktokenRanks.filledUp(LLAMA3_RANKS, names, LLAMA3_SPECIAL, "");
    }
}
