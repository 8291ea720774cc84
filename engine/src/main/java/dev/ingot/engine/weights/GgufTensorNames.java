package dev.ingot.engine.weights;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/// What GGUF calls a tensor, in the names that transformers gives it.
///
/// A tensor of a block that is not listed gets a name inside of the transformer, where a model that does not take it
/// refuses the checkpoint.
final class GgufTensorNames {
    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,6})\\.(.+)\\.(weight|bias)");

    /// Of llama-architecture models the rows of a head alternate between its two halves; the model wants one
    /// half after the other.
    private static final String INTERLEAVED = "llama";

    private static final Map<String, String> OUTSIDE =
            Map.of(
                    "token_embd.weight", "model.embed_tokens.weight",
                    "output_norm.weight", "model.norm.weight",
                    "output.weight", "lm_head.weight");

    private static final Map<String, String> INSIDE =
            Map.ofEntries(
                    Map.entry("attn_norm", "input_layernorm"),
                    Map.entry("attn_q", "self_attn.q_proj"),
                    Map.entry("attn_k", "self_attn.k_proj"),
                    Map.entry("attn_v", "self_attn.v_proj"),
                    Map.entry("attn_qkv", "self_attn.qkv_proj"),
                    Map.entry("attn_q_norm", "self_attn.q_norm"),
                    Map.entry("attn_k_norm", "self_attn.k_norm"),
                    Map.entry("attn_output", "self_attn.o_proj"),
                    Map.entry("ffn_norm", "post_attention_layernorm"),
                    Map.entry("ffn_gate", "mlp.gate_proj"),
                    Map.entry("ffn_up", "mlp.up_proj"),
                    Map.entry("ffn_down", "mlp.down_proj"));

    /// Divisors of the rotary frequencies: part of the configuration, not of the weights.
    static final String ROPE_FACTORS = "rope_freqs.weight";

    private final GgufMetadata metadata;

    GgufTensorNames(GgufMetadata metadata) {
        this.metadata = metadata;
    }

    /// Empty for what is no weight.
    Optional<String> ofTransformers(String name) {
        if (name.equals(ROPE_FACTORS)) {
            return Optional.empty();
        }
        var block = BLOCK.matcher(name);
        if (block.matches()) {
            var module = INSIDE.getOrDefault(block.group(2), block.group(2));
            return Optional.of(
                    "model.layers." + block.group(1) + "." + module + "." + block.group(3));
        }
        return Optional.of(OUTSIDE.getOrDefault(name, name));
    }

    /// How many heads' rows of this tensor must be put in order; empty for none.
    OptionalInt interleavedHeads(String name) {
        var block = BLOCK.matcher(name);
        if (!block.matches()
                || !metadata.optionalString("general.architecture")
                        .orElse("")
                        .equals(INTERLEAVED)) {
            return OptionalInt.empty();
        }
        int heads = metadata.integer(INTERLEAVED + ".attention.head_count", 1, 1 << 16);
        return switch (block.group(2)) {
            case "attn_q" -> OptionalInt.of(heads);
            case "attn_k" ->
                    OptionalInt.of(
                            metadata.optionalInt(
                                            INTERLEAVED + ".attention.head_count_kv", 1, 1 << 16)
                                    .orElse(heads));
            default -> OptionalInt.empty();
        };
    }
}
