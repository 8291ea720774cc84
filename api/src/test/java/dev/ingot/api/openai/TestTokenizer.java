package dev.ingot.api.openai;

import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The text side of a model: a token per byte, whose id is the byte, `<|end|>` with id 256, and a template that any
/// test can read: `[user]hi[assistant]`.
public record TestTokenizer(Tokenizer tokenizer, ChatTemplate template) {
    public static final int VOCABULARY = 257;
    public static final int EOS = 256;

    private static final String TEMPLATE =
            """
            {%- if refuse is defined %}{{ raise_exception('Roles must alternate.') }}{% endif %}
            {%- for tool in tools or [] %}{{ '[tool ' + tool.function.name + ' <tool_call>]' }}{% endfor %}
            {%- for message in messages %}{{ '[' + message.role + ']' + message.content }}
            {%- for call in message.tool_calls or [] %}{{ '[' + call.id + ' ' + call.function.arguments.x ~ ']' }}{% endfor %}
            {%- endfor %}
            {%- if add_generation_prompt %}[assistant]{% endif %}\
            """;

    public static TestTokenizer load() {
        var json = JsonMapper.shared();
        var root = json.createObjectNode();
        var model = root.putObject("model").put("type", "BPE");
        var vocab = model.putObject("vocab");
        for (int value = 0; value < 256; value++) {
            vocab.put(String.valueOf(byteLevelChar(value)), value);
        }
        model.putArray("merges");
        root.putArray("added_tokens").add(special(json.createObjectNode()));
        for (String component : new String[] {"pre_tokenizer", "decoder"}) {
            root.putObject(component)
                    .put("type", "ByteLevel")
                    .put("add_prefix_space", false)
                    .put("trim_offsets", false)
                    .put("use_regex", false);
        }
        try {
            Path folder = Files.createTempDirectory("tokenizer");
            Path file = folder.resolve("tokenizer.json");
            Path jinja = folder.resolve("chat_template.jinja");
            Files.writeString(file, root.toString());
            Files.writeString(jinja, TEMPLATE);
            // The tokenizer reads its file again when a client first types a control token.
            for (Path each : List.of(folder, file, jinja)) {
                each.toFile().deleteOnExit();
            }
            var tokenizer = Tokenizer.load(folder);
            return new TestTokenizer(
                    tokenizer, ChatTemplate.load(folder, tokenizer, Clock.systemUTC()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode special(ObjectNode token) {
        return token.put("id", EOS)
                .put("content", "<|end|>")
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
    }

    /// GPT-2's alphabet: printable bytes are themselves, the others are moved up in order.
    private static char byteLevelChar(int value) {
        int moved = 0;
        for (int each = 0; each < 256; each++) {
            boolean printable =
                    (each >= '!' && each <= '~')
                            || (each >= 0xA1 && each <= 0xAC)
                            || (each >= 0xAE && each <= 0xFF);
            if (each == value) {
                return (char) (printable ? each : 256 + moved);
            }
            if (!printable) {
                moved++;
            }
        }
        throw new IllegalArgumentException("not a byte: " + value);
    }
}
