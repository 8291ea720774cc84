package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HfConfigTest {
    private static final String SIZES =
            """
            "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 8,
            "intermediate_size": 96, "vocab_size": 100, "max_position_embeddings": 512
            """;
    private static final String LLAMA = "\"model_type\": \"llama\", " + SIZES;
    private static final String QWEN3 = "\"model_type\": \"qwen3\", " + SIZES;

    @TempDir private Path folder;

    @Test
    void aShortLlamaHasTheDefaultsOfTransformers() throws IOException {
        var config = read(LLAMA);
        assertThat(config.architecture()).isEqualTo(Architecture.LLAMA);
        assertThat(config.kvHeads()).isEqualTo(8);
        assertThat(config.headDim()).isEqualTo(8);
        assertThat(config.normEpsilon()).isEqualTo(1e-6f);
        assertThat(config.tiedEmbeddings()).isFalse();
        assertThat(config.attentionBias()).isFalse();
        assertThat(config.mlpBias()).isFalse();
        assertThat(config.rope()).isEqualTo(new Rope(10_000, new Rope.Unscaled()));
        assertThat(config.dtype()).isEmpty();
        assertThat(config.bosTokenId()).isEmpty();
        assertThat(config.eosTokenIds()).isEmpty();
    }

    @Test
    void aQwen3WithoutHeadDimHasHeadsOf128() throws IOException {
        assertThat(read(QWEN3).headDim()).isEqualTo(128);
        assertThat(read(QWEN3 + ", \"head_dim\": 16").headDim()).isEqualTo(16);
    }

    @Test
    void everySettingIsRead() throws IOException {
        var config =
                read(
                        LLAMA
                                + """
                                , "architectures": ["LlamaForCausalLM"], "num_key_value_heads": 2,
                                "head_dim": 32, "rms_norm_eps": 1e-05, "tie_word_embeddings": true,
                                "attention_bias": true, "mlp_bias": true, "hidden_act": "silu",
                                "torch_dtype": "bfloat16", "bos_token_id": 1, "eos_token_id": [2, 3],
                                "quantization_config": null, "something_else": {"deep": []}
                                """);
        assertThat(config.kvHeads()).isEqualTo(2);
        assertThat(config.headDim()).isEqualTo(32);
        assertThat(config.queryColumns()).isEqualTo(256);
        assertThat(config.kvColumns()).isEqualTo(64);
        assertThat(config.normEpsilon()).isEqualTo(1e-5f);
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.attentionBias()).isTrue();
        assertThat(config.mlpBias()).isTrue();
        assertThat(config.dtype()).contains(DType.BF16);
        assertThat(config.bosTokenId()).hasValue(1);
        assertThat(config.eosTokenIds()).containsExactly(2, 3);
    }

    @Test
    void theNewerSpellingOfTheDtypeCountsFirst() throws IOException {
        assertThat(read(LLAMA + ", \"dtype\": \"float16\", \"torch_dtype\": \"float32\"").dtype())
                .contains(DType.F16);
        refused(LLAMA + ", \"dtype\": \"float8\"", "field 'dtype': expected float32, float16 or");
    }

    @Test
    void bothSpellingsOfRopeMeanTheSame() throws IOException {
        var llama3 = new Rope(500_000, new Rope.Llama3(8, 1, 4, 8192));
        var factors =
                """
                "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192, "rope_type": "llama3"
                """;
        assertThat(
                        read(LLAMA
                                        + ", \"rope_theta\": 500000.0, \"rope_scaling\": {"
                                        + factors
                                        + "}")
                                .rope())
                .isEqualTo(llama3);
        assertThat(
                        read(LLAMA
                                        + ", \"rope_parameters\": {\"rope_theta\": 5e5, "
                                        + factors
                                        + "}")
                                .rope())
                .isEqualTo(llama3);
        var linear = new Rope(10_000, new Rope.Linear(2));
        assertThat(read(LLAMA + ", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}").rope())
                .isEqualTo(linear);
        assertThat(
                        read(LLAMA
                                        + ", \"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 2.0}")
                                .rope())
                .isEqualTo(linear);
        var plain = new Rope(1e6, new Rope.Unscaled());
        assertThat(read(LLAMA + ", \"rope_theta\": 1000000, \"rope_scaling\": null").rope())
                .isEqualTo(plain);
        assertThat(
                        read(LLAMA
                                        + ", \"rope_parameters\": {\"rope_theta\": 1000000,"
                                        + " \"rope_type\": \"default\"}")
                                .rope())
                .isEqualTo(plain);
        assertThat(read(LLAMA + ", \"rope_theta\": 1000000, \"rope_parameters\": {}").rope())
                .isEqualTo(plain);
    }

    @Test
    void ropeThatIsNotComputedIsRefusedByName() {
        for (var type : new String[] {"dynamic", "longrope", "mrope"}) {
            refused(
                    LLAMA
                            + ", \"rope_scaling\": {\"rope_type\": \""
                            + type
                            + "\", \"factor\": 2.0}",
                    "field 'rope_scaling.rope_type': expected default, linear, llama3 or yarn, found "
                            + type);
        }
        refused(LLAMA + ", \"rope_scaling\": {\"type\": \"linear\"}", "rope_scaling.factor");
        refused(
                LLAMA + ", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 0.5}",
                "expected a number of at least 1, found 0.5");
        refused(
                LLAMA
                        + ", \"rope_parameters\": {\"rope_type\": \"llama3\", \"factor\": 8,"
                        + " \"low_freq_factor\": 4, \"high_freq_factor\": 4}",
                "field 'rope_parameters.high_freq_factor': expected more than low_freq_factor");
        refused(LLAMA + ", \"rope_theta\": 0", "field 'rope_theta': expected a positive number");
        refused(LLAMA + ", \"partial_rotary_factor\": 0.5", "only whole heads are rotated");
        refused(
                LLAMA + ", \"rope_parameters\": {\"partial_rotary_factor\": 0.5}",
                "field 'rope_parameters.partial_rotary_factor'");
    }

    @Test
    void anotherArchitectureIsRefusedWithTheListOfThoseThatAreSupported() {
        refused(
                "\"model_type\": \"mamba\", " + SIZES,
                "field 'model_type': expected one of gemma2 (Gemma2ForCausalLM), gemma3_text"
                        + " (Gemma3ForCausalLM), gpt2 (GPT2LMHeadModel), gpt_oss"
                        + " (GptOssForCausalLM), llama (LlamaForCausalLM), mistral"
                        + " (MistralForCausalLM), mixtral (MixtralForCausalLM), olmo2"
                        + " (Olmo2ForCausalLM), opt (OPTForCausalLM), phi (PhiForCausalLM), phi3"
                        + " (Phi3ForCausalLM), qwen2 (Qwen2ForCausalLM), qwen3"
                        + " (Qwen3ForCausalLM), qwen3_moe (Qwen3MoeForCausalLM), found mamba");
        refused(
                LLAMA + ", \"architectures\": [\"LlamaForSequenceClassification\"]",
                "found llama [LlamaForSequenceClassification]");
        refused(QWEN3 + ", \"architectures\": [\"LlamaForCausalLM\"]", "found qwen3");
        refused(SIZES, "field 'model_type'");
    }

    @Test
    void settingsThatChangeTheResultAndAreNotComputedAreRefused() {
        refused(
                LLAMA + ", \"hidden_act\": \"gelu\"",
                "field 'hidden_act': expected silu, found gelu");
        refused(LLAMA + ", \"quantization_config\": {\"bits\": 4}", "field 'quantization_config'");
        refused(LLAMA + ", \"quantization\": {\"bits\": 4}", "field 'quantization.group_size'");
        refused(
                LLAMA + ", \"quantization\": {\"bits\": 7, \"group_size\": 64}",
                "field 'quantization.bits': expected affine 2, 3, 4, 5, 6 or 8 bits");
        refused(
                LLAMA
                        + ", \"quantization\": {\"bits\": 4, \"group_size\": 16, \"mode\": \"nvfp4\"}",
                "field 'quantization.mode': expected affine or mxfp4, found nvfp4");
        refused(
                QWEN3 + ", \"use_sliding_window\": true",
                "field 'sliding_window': expected a positive integer, found no such field");
        refused(
                QWEN3 + ", \"layer_types\": [\"full_attention\", \"sliding_attention\"]",
                "field 'layer_types': expected full_attention, found sliding_attention");
    }

    @Test
    void aSlidingWindowThatIsSwitchedOffDoesNotMatter() throws IOException {
        var config = read(QWEN3 + ", \"use_sliding_window\": false, \"sliding_window\": 4096");
        assertThat(config.architecture()).isEqualTo(Architecture.QWEN3);
    }

    @Test
    void missingAndInvalidFieldsAreNamed() {
        refused(
                LLAMA.replace("\"vocab_size\": 100,", ""),
                "config.json: field 'vocab_size': expected a positive integer, found no such field");
        refused(LLAMA.replace("100", "0"), "field 'vocab_size': expected an integer from 1 to");
        refused(LLAMA.replace("100", "1e2"), "found 100.0");
        refused(LLAMA.replace("100", "\"100\""), "found \"100\"");
        refused(LLAMA.replace("100", "9223372036854775808"), "found 9223372036854775808");
        refused(
                LLAMA + ", \"num_key_value_heads\": 3",
                "expected a divisor of num_attention_heads 8");
        refused(LLAMA + ", \"head_dim\": 7", "field 'head_dim': expected an even number, found 7");
        refused(LLAMA.replace("64", "63"), "expected a multiple of num_attention_heads 8");
        refused(LLAMA + ", \"rms_norm_eps\": -1", "field 'rms_norm_eps'");
        refused(LLAMA + ", \"rms_norm_eps\": 1e999", "field 'rms_norm_eps'");
        refused(LLAMA + ", \"tie_word_embeddings\": 1", "expected true or false, found 1");
        refused(LLAMA + ", \"eos_token_id\": [1, \"2\"]", "field 'eos_token_id'");
        refused(
                LLAMA.replace("\"num_attention_heads\": 8", "\"num_attention_heads\": 65536")
                        + ", \"head_dim\": 65536",
                "config.json: a row of activations is longer than");
        refused(
                LLAMA + ", \"head_dim\": 65538",
                "field 'head_dim': expected an integer from 1 to 65536");
        assertThatThrownBy(() -> HfConfig.read(folder.resolve("absent")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json: no such file");
    }

    /// A changed byte either leaves a configuration or is refused by the one exception there is for it.
    @Test
    void aMutatedConfigurationIsReadOrRefused() {
        var whole =
                LLAMA
                        + ", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8,"
                        + " \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
                        + " \"original_max_position_embeddings\": 64}, \"eos_token_id\": [1, 2]";
        int refused = 0;
        for (int seed = 0; seed < 1000; seed++) {
            var random = new Random(seed);
            var mutated = new StringBuilder(whole);
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                mutated.setCharAt(
                        random.nextInt(whole.length()),
                        "0123456789-{}[],:\"e.".charAt(random.nextInt(20)));
            }
            try {
                read(mutated.toString()).rope().inverseFrequencies(8);
            } catch (CheckpointException e) {
                refused++;
            } catch (RuntimeException | IOException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(refused).isBetween(300, 999);
    }

    @Test
    void linearScalingDividesEveryFrequency() {
        float[] plain = new Rope(10_000, new Rope.Unscaled()).inverseFrequencies(8);
        float[] linear = new Rope(10_000, new Rope.Linear(4)).inverseFrequencies(8);
        assertThat(plain).containsExactly(new float[] {1f, 0.1f, 0.01f, 0.001f}, within(1e-9f));
        assertThat(linear)
                .containsExactly(new float[] {0.25f, 0.025f, 0.0025f, 0.00025f}, within(1e-9f));
    }

    /// Llama 3.1's own settings: wavelengths under 8192/4 stay, those over 8192 are eight times as long.
    @Test
    void llama3ScalingKeepsFastPairsAndSlowsSlowOnes() {
        float[] plain = new Rope(500_000, new Rope.Unscaled()).inverseFrequencies(128);
        float[] scaled = new Rope(500_000, new Rope.Llama3(8, 1, 4, 8192)).inverseFrequencies(128);
        int kept = 0;
        int slowed = 0;
        for (int i = 0; i < plain.length; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            if (wavelength < 2048) {
                assertThat(scaled[i]).isEqualTo(plain[i]);
                kept++;
            } else if (wavelength > 8192) {
                assertThat(scaled[i]).isEqualTo(plain[i] / 8);
                slowed++;
            } else {
                double smooth = (8192 / wavelength - 1) / 3;
                double expected = (1 - smooth) * plain[i] / 8 + smooth * plain[i];
                assertThat((double) scaled[i]).isCloseTo(expected, within(expected * 1e-5));
            }
        }
        assertThat(kept).isEqualTo(29);
        assertThat(slowed).isEqualTo(29);
    }

    private void refused(String fields, String problem) {
        assertThatThrownBy(() -> read(fields))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(problem);
    }

    private ModelConfig read(String fields) throws IOException {
        Files.writeString(folder.resolve("config.json"), "{" + fields + "}");
        return HfConfig.read(folder);
    }
}
