package dev.ingot.engine.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.ChatTemplateException;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.engine.text.TokenizerException;
import dev.ingot.engine.text.jinja.TemplateException;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgmlType;
import dev.ingot.engine.weights.GgufWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Files that were damaged at random: each is read, or refused with a message that names the place; nothing crashes,
/// hangs or takes more memory than [#MOST_BYTES], whatever sizes the file tells of.
///
/// `-Dingot.fuzz.cases=100000` tries more of them, `-Dingot.fuzz.seed` others. The log tells the most memory and the
/// longest time that one took.
final class DamagedFilesTest {
    private static final Logger LOG = LoggerFactory.getLogger(DamagedFilesTest.class);
    private static final ThreadMXBean THREADS =
            ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    private static final int CASES = Integer.getInteger("ingot.fuzz.cases", 300);
    private static final long SEED = Long.getLong("ingot.fuzz.seed", 1);

    /// The longest of the files has 300 KB; reading one takes less than 2 MiB.
    private static final long MOST_BYTES = 16 << 20;

    private static final long[] NUMBERS = {
        0, 1, -1, 255, 65_536, Integer.MAX_VALUE, 1L << 31, 1L << 32, Long.MAX_VALUE, 1L << 62
    };
    private static final String CONFIG =
            """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 16,
             "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 4,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "eos_token_id": [3],
             "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
             "original_max_position_embeddings": 32}, "tie_word_embeddings": true, "torch_dtype": "float32"}\
            """;
    private static final String TOKENIZER =
            """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{"id": 3, "content": "<|end|>",
             "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
             "normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
             "use_regex": true}, "post_processor": null, "decoder": {"type": "ByteLevel", "add_prefix_space": true,
             "trim_offsets": true, "use_regex": true}, "model": {"type": "BPE", "dropout": null, "unk_token": null,
             "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
             "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}\
            """;
    private static final String TEMPLATE =
            """
            {%- for m in messages -%}{%- if m.role == 'user' and loop.index0 % 2 == 0 -%}<|user|>{{ m['content'] | trim }}
            {%- elif m.tool_calls is defined -%}{{ m.tool_calls | tojson(indent=2) }}{%- else -%}{{ m.content[1:3] ~ '!' }}
            {%- endif -%}{%- endfor -%}{%- set ns = namespace(x=1) -%}{% macro f(a, b=2) %}{{ a * b }}{% endmacro %}{{ f(3) }}
            {%- if add_generation_prompt -%}<|assistant|>{%- endif -%}\
            """;

    @TempDir private Path folder;

    private interface Attempt {
        void read(byte[] damaged) throws IOException;
    }

    @Test
    void ggufFiles() {
        Path file = folder.resolve("m.gguf");
        tryAll(
                "m\\.gguf",
                gguf(),
                damaged -> {
                    Files.write(file, damaged);
                    var files = ModelFiles.at(file);
                    try (var weights = files.weights()) {
                        weights.names().forEach(weights::tensor);
                    }
                    assertThat(files.config().layers()).isPositive();
                    try (var tokenizer = files.tokenizer()) {
                        tokenizer.encode("ab", true);
                        files.template(tokenizer, Clock.systemUTC());
                    }
                });
    }

    @Test
    void safetensorsFiles() throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        byte[] header =
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}"
                        .getBytes(StandardCharsets.UTF_8);
        byte[] file =
                ByteBuffer.allocate(8 + header.length + 16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .put(header)
                        .array();
        tryAll(
                "model\\.safetensors",
                file,
                damaged -> {
                    Files.write(folder.resolve("model.safetensors"), damaged);
                    try (var weights = ModelFiles.at(folder).weights()) {
                        weights.names().forEach(weights::tensor);
                    }
                });
    }

    @Test
    void configurations() {
        tryAll(
                "config\\.json",
                utf8(CONFIG),
                damaged -> {
                    Files.write(folder.resolve("config.json"), damaged);
                    Files.write(folder.resolve("generation_config.json"), damaged);
                    var files = ModelFiles.at(folder);
                    files.generation();
                    assertThat(files.config().layers()).isPositive();
                });
    }

    @Test
    void tokenizers() {
        tryAll(
                "tokenizer\\.json",
                utf8(TOKENIZER),
                damaged -> {
                    Files.write(folder.resolve("tokenizer.json"), damaged);
                    try (var tokenizer = Tokenizer.load(folder)) {
                        tokenizer.encode("abba <|end|>", true);
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"unigram-bytes", "bpe-bytes"})
    void sentencePieceModels(String name) throws IOException {
        byte[] model;
        try (var file = Tokenizer.class.getResourceAsStream("sentencepiece/" + name + ".model")) {
            model = Objects.requireNonNull(file).readAllBytes();
        }
        tryAll(
                "tokenizer\\.model",
                model,
                damaged -> {
                    Files.write(folder.resolve("tokenizer.model"), damaged);
                    try (var tokenizer = Tokenizer.load(folder)) {
                        tokenizer.encode("The fox, <|turn|> 🦊\n", true);
                    }
                });
    }

    @Test
    void templates() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
        try (var tokenizer = Tokenizer.load(folder)) {
            tryAll(
                    "chat.template",
                    utf8(TEMPLATE),
                    damaged -> {
                        Files.write(folder.resolve("chat_template.jinja"), damaged);
                        var template = ChatTemplate.load(folder, tokenizer, Clock.systemUTC());
                        template.render(
                                List.of(
                                        Map.of("role", "user", "content", "hello"),
                                        Map.of("role", "assistant", "content", "world")),
                                List.of(),
                                true,
                                false,
                                Map.of());
                    });
        }
    }

    /// @param place what refusals name, a regular expression
    private static void tryAll(String place, byte[] sound, Attempt attempt) {
        var random = new Random(SEED);
        var named = Pattern.compile(place);
        long refused = 0;
        long mostBytes = 0;
        long mostNanos = 0;
        for (int i = 0; i < CASES; i++) {
            byte[] damaged = i == 0 ? sound : damage(sound, random);
            long nanos = System.nanoTime();
            long bytes = THREADS.getCurrentThreadAllocatedBytes();
            try {
                attempt.read(damaged);
            } catch (CheckpointException
                    | TokenizerException
                    | TemplateException
                    | ChatTemplateException e) {
                assertThat(i).as("the sound file: %s", e).isPositive();
                assertThat(e.getMessage()).containsPattern(named);
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError(
                        "case " + i + " of seed " + SEED + ": " + Arrays.toString(damaged), e);
            }
            bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
            assertThat(bytes).as("bytes for case %d of seed %d", i, SEED).isLessThan(MOST_BYTES);
            mostBytes = Math.max(mostBytes, bytes);
            mostNanos = Math.max(mostNanos, System.nanoTime() - nanos);
        }
        LOG.info(
                "{}: {} of {} refused; at most {} KiB and {} ms",
                place,
                refused,
                CASES,
                mostBytes >> 10,
                mostNanos / 1_000_000);
    }

    private static byte[] damage(byte[] sound, Random random) {
        byte[] bytes = sound.clone();
        for (int n = 1 + random.nextInt(3); n > 0 && bytes.length > 16; n--) {
            int at = random.nextInt(bytes.length - 8);
            int length = 1 + random.nextInt(Math.min(32, bytes.length - at - 1));
            switch (random.nextInt(7)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 ->
                        ByteBuffer.wrap(bytes)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putLong(at, NUMBERS[random.nextInt(NUMBERS.length)]);
                case 3 -> bytes = Arrays.copyOf(bytes, at);
                case 4 -> { // leave some out
                    System.arraycopy(bytes, at + length, bytes, at, bytes.length - at - length);
                    bytes = Arrays.copyOf(bytes, bytes.length - length);
                }
                case 5 -> { // say some twice
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
                    System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
                    bytes = longer;
                }
                default -> // swap with another place
                        System.arraycopy(
                                sound,
                                random.nextInt(sound.length - length),
                                bytes,
                                at,
                                Math.min(length, bytes.length - at));
            }
        }
        return bytes;
    }

    private static byte[] gguf() {
        var file =
                new GgufWriter()
                        .put("general.architecture", "llama")
                        .put("llama.embedding_length", 8)
                        .put("llama.block_count", 1)
                        .put("llama.attention.head_count", 2)
                        .put("llama.attention.head_count_kv", 1)
                        .put("llama.feed_forward_length", 32)
                        .put("llama.context_length", 64)
                        .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                        .put("tokenizer.ggml.model", "gpt2")
                        .put("tokenizer.ggml.pre", "llama-bpe")
                        .strings("tokenizer.ggml.tokens", List.of("a", "b", "ab", "<|end|>"))
                        .ints("tokenizer.ggml.token_type", 1, 1, 1, 3)
                        .strings("tokenizer.ggml.merges", List.of("a b"))
                        .put("tokenizer.ggml.bos_token_id", 3)
                        .put("tokenizer.chat_template", "{{ messages[0].content }}");
        file.tensor("token_embd.weight", GgmlType.F32.id(), new byte[128], 8, 4);
        file.tensor("blk.0.attn_q.weight", GgmlType.F16.id(), new byte[128], 8, 8);
        file.tensor("blk.0.attn_k.weight", GgmlType.F16.id(), new byte[64], 8, 4);
        file.tensor("blk.0.ffn_down.weight", GgmlType.Q4_0.id(), new byte[8 * 18], 32, 8);
        file.tensor(
                "rope_freqs.weight",
                GgmlType.F32.id(),
                new byte[] {0, 0, -128, 63, 0, 0, -128, 63},
                2);
        return file.bytes();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
