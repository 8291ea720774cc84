package dev.ingot.engine.text;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Small tokenizers, written as the files that a model folder would hold.
public final class TestTokenizers {
    private static final JsonMapper JSON = JsonMapper.shared();

    private TestTokenizers() {}

    /// Byte-level BPE as GPT-2's and Qwen's: 256 bytes, a few merges, ChatML's control tokens from id 264 on, and
    /// `<tool_call>`, which is added but not special.
    public static Tokenizer byteLevel(Path folder) throws IOException {
        write(folder, "tokenizer.json", byteLevelJson());
        write(
                folder,
                "tokenizer_config.json",
                JSON.createObjectNode().put("eos_token", "<|im_end|>").put("add_bos_token", false));
        return Tokenizer.load(folder);
    }

    static ObjectNode byteLevelJson() {
        var root = JSON.createObjectNode();
        var vocab = root.putObject("model").put("type", "BPE").putObject("vocab");
        for (int value = 0; value < 256; value++) {
            vocab.put(String.valueOf(byteChar(value)), value);
        }
        var merges = ((ObjectNode) root.get("model")).putArray("merges");
        int id = 256;
        for (String[] merge :
                new String[][] {
                    {"h", "e"},
                    {"l", "l"},
                    {"he", "ll"},
                    {"hell", "o"},
                    {"Ġ", "w"},
                    {"ð", "Ł"},
                    {"<", "|"},
                    {"Ċ", "Ċ"}
                }) {
            merges.add(merge[0] + " " + merge[1]);
            vocab.put(merge[0] + merge[1], id++);
        }
        var added = root.putArray("added_tokens");
        for (String token : List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>")) {
            added.add(addedToken(id++, token, true));
        }
        added.add(addedToken(id, "<tool_call>", false));
        root.set("pre_tokenizer", byteLevelComponent());
        root.set("decoder", byteLevelComponent());
        return root;
    }

    /// SentencePiece BPE as Llama 2's: `▁` for a blank, bytes for what no piece covers, bos by template.
    static ObjectNode sentencePieceJson(String prependScheme) {
        var root = JSON.createObjectNode();
        var model =
                root.putObject("model")
                        .put("type", "BPE")
                        .put("unk_token", "<unk>")
                        .put("fuse_unk", true)
                        .put("byte_fallback", true);
        var vocab = model.putObject("vocab").put("<unk>", 0).put("<s>", 1).put("</s>", 2);
        for (int value = 0; value < 256; value++) {
            vocab.put("<0x%02X>".formatted(value), 3 + value);
        }
        int id = 259;
        for (char c : "▁abcdehlorwst</>".toCharArray()) {
            vocab.put(String.valueOf(c), id++);
        }
        var merges = model.putArray("merges");
        for (String[] merge :
                new String[][] {{"h", "e"}, {"l", "l"}, {"▁", "w"}, {"▁", "he"}, {"<", "s"}}) {
            merges.addArray().add(merge[0]).add(merge[1]);
            vocab.put(merge[0] + merge[1], id++);
        }
        var added = root.putArray("added_tokens");
        for (String token : List.of("<unk>", "<s>", "</s>")) {
            added.add(addedToken(vocab.get(token).intValue(), token, true));
        }
        root.putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", "▁")
                .put("prepend_scheme", prependScheme)
                .put("split", false);
        root.set(
                "post_processor",
                JSON.readTree(
                        """
                        {"type": "TemplateProcessing",
                         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                         "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
                        """));
        root.set(
                "decoder",
                JSON.readTree(
                        """
                        {"type": "Sequence", "decoders": [
                          {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                          {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
                        """));
        return root;
    }

    static Tokenizer sentencePiece(Path folder, String prependScheme) throws IOException {
        write(folder, "tokenizer.json", sentencePieceJson(prependScheme));
        write(
                folder,
                "special_tokens_map.json",
                JSON.readTree("{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\"}"));
        return Tokenizer.load(folder);
    }

    static void write(Path folder, String name, Object content) throws IOException {
        Files.writeString(folder.resolve(name), content.toString());
    }

    /// The shared test data beside the project; the test is skipped where it is absent.
    static Path shared(String path) {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null) {
            Path found = folder.resolve("shared/data").resolve(path);
            if (Files.exists(found)) {
                return found;
            }
            folder = folder.getParent();
        }
        assumeTrue(false, "no shared/data/" + path + " beside the project");
        throw new AssertionError();
    }

    private static ObjectNode addedToken(int id, String content, boolean special) {
        return JSON.createObjectNode()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    private static ObjectNode byteLevelComponent() {
        return JSON.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /// GPT-2's `bytes_to_unicode`, written as its authors did.
    private static char byteChar(int value) {
        int next = 256;
        for (int other = 0; other < 256; other++) {
            boolean printable =
                    (other >= 33 && other <= 126)
                            || (other >= 161 && other <= 172)
                            || (other >= 174 && other <= 255);
            int mapped = printable ? other : next++;
            if (other == value) {
                return (char) mapped;
            }
        }
        throw new AssertionError(value);
    }
}
