package dev.ingot.engine.weights;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What GGUF calls a tensor, in the names that transformers gives it, and how it was rearranged.
///
/// Experts are one tensor for all in GGUF, `[experts, out, in]`, as in MLX, whose names they get. A tensor of a block
/// that is not listed gets a name inside of the transformer, where a model that does not take it refuses the
/// checkpoint.
final class GgufTensorNames {
    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,6})\\.(.+)\\.(weight|bias)");
    private static final int MAX_COUNT = 1 << 16;
    private static final String ARCHITECTURE = "general.architecture";

    private static final Map<String, String> OUTSIDE =
            Map.of(
                    "token_embd.weight", "model.embed_tokens.weight",
                    "output_norm.weight", "model.norm.weight",
                    "output.weight", "lm_head.weight");

    private static final Map<String, Map<String, String>> OUTSIDE_OF =
            Map.of(
                    "gpt2",
                            Map.of(
                                    "token_embd.weight", "transformer.wte.weight",
                                    "position_embd.weight", "transformer.wpe.weight",
                                    "output_norm.weight", "transformer.ln_f.weight",
                                    "output_norm.bias", "transformer.ln_f.bias"),
                    "phi2",
                            Map.of(
                                    "output_norm.weight", "model.final_layernorm.weight",
                                    "output_norm.bias", "model.final_layernorm.bias",
                                    "output.bias", "lm_head.bias"));

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

    private static final Map<String, String> NORMS_AROUND =
            Map.of(
                    "ffn_norm", "pre_feedforward_layernorm",
                    "post_attention_norm", "post_attention_layernorm",
                    "post_ffw_norm", "post_feedforward_layernorm");

    private static final Map<String, Map<String, String>> INSIDE_OF =
            Map.of(
                    "gemma2", NORMS_AROUND,
                    "gemma3", NORMS_AROUND,
                    "olmo2", NORMS_AROUND,
                    "gpt2",
                            Map.of(
                                    "attn_norm", "ln_1",
                                    "attn_qkv", "attn.c_attn",
                                    "attn_output", "attn.c_proj",
                                    "ffn_norm", "ln_2",
                                    "ffn_up", "mlp.c_fc",
                                    "ffn_down", "mlp.c_proj"),
                    "phi2",
                            Map.of(
                                    "attn_output", "self_attn.dense",
                                    "ffn_up", "mlp.fc1",
                                    "ffn_down", "mlp.fc2"),
                    "phi3", Map.of("ffn_up", "mlp.gate_up_proj"),
                    "llama",
                            Map.of(
                                    "ffn_gate_inp", "block_sparse_moe.gate",
                                    "ffn_gate_exps", "block_sparse_moe.switch_mlp.gate_proj",
                                    "ffn_up_exps", "block_sparse_moe.switch_mlp.up_proj",
                                    "ffn_down_exps", "block_sparse_moe.switch_mlp.down_proj"),
                    "qwen3moe",
                            Map.of(
                                    "ffn_gate_inp", "mlp.gate",
                                    "ffn_gate_exps", "mlp.switch_mlp.gate_proj",
                                    "ffn_up_exps", "mlp.switch_mlp.up_proj",
                                    "ffn_down_exps", "mlp.switch_mlp.down_proj"),
                    "gpt-oss",
                            Map.of(
                                    "post_attention_norm", "post_attention_layernorm",
                                    "ffn_gate_inp", "mlp.router",
                                    "ffn_gate_exps", "mlp.experts.gate_proj",
                                    "ffn_up_exps", "mlp.experts.up_proj",
                                    "ffn_down_exps", "mlp.experts.down_proj"));

    /// Numbers that the rotary embedding is computed with: part of the configuration, not of the weights.
    private static final List<String> ROPE_FACTORS =
            List.of("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight");

    /// A tensor under its name in transformers.
    record Named(String name, Arrangement arrangement) {}

    private final GgufMetadata metadata;
    private final String architecture;
    private final Map<String, String> outside;
    private final Map<String, String> inside;

    GgufTensorNames(GgufMetadata metadata) {
        this.metadata = metadata;
        architecture = metadata.optionalString(ARCHITECTURE).orElse("");
        outside = new HashMap<>(OUTSIDE);
        outside.putAll(OUTSIDE_OF.getOrDefault(architecture, Map.of()));
        inside = new HashMap<>(INSIDE);
        inside.putAll(INSIDE_OF.getOrDefault(architecture, Map.of()));
    }

    /// Empty for what is no weight; several for a tensor that transformers has in parts.
    List<Named> ofTransformers(String name) {
        if (ROPE_FACTORS.contains(name)) {
            return List.of();
        }
        var block = BLOCK.matcher(name);
        if (!block.matches()) {
            return List.of(new Named(outside.getOrDefault(name, name), arrangement(name)));
        }
        boolean isGpt2 = architecture.equals("gpt2");
        var layer = (isGpt2 ? "transformer.h." : "model.layers.") + block.group(1) + ".";
        var module = block.group(2);
        var suffix = "." + block.group(3);
        if (module.equals("attn_sinks")) {
            return List.of(new Named(layer + "self_attn.sinks", new Arrangement.Same()));
        }
        if (module.equals("attn_qkv") && architecture.equals("phi2")) {
            return queriesKeysAndValues(layer, suffix);
        }
        return List.of(
                new Named(
                        layer + inside.getOrDefault(module, module) + suffix, arrangement(module)));
    }

    private List<Named> queriesKeysAndValues(String layer, String suffix) {
        int heads = heads();
        int kvHeads = kvHeads(heads);
        long rows = metadata.integer(architecture + ".embedding_length", 1, 1 << 28) / heads;
        return List.of(
                new Named(
                        layer + "self_attn.q_proj" + suffix, new Arrangement.Rows(0, heads * rows)),
                new Named(
                        layer + "self_attn.k_proj" + suffix,
                        new Arrangement.Rows(heads * rows, kvHeads * rows)),
                new Named(
                        layer + "self_attn.v_proj" + suffix,
                        new Arrangement.Rows((heads + kvHeads) * rows, kvHeads * rows)));
    }

    /// @param module of a block, or a tensor outside of all blocks
    private Arrangement arrangement(String module) {
        return switch (architecture) {
            case "llama" ->
                    switch (module) {
                        case "attn_q" -> new Arrangement.Interleaved(heads());
                        case "attn_k" -> new Arrangement.Interleaved(kvHeads(heads()));
                        default -> new Arrangement.Same();
                    };
            case "gemma2", "gemma3" ->
                    module.endsWith("_norm") || module.endsWith("_norm.weight")
                            ? new Arrangement.OneMore()
                            : new Arrangement.Same();
            default -> new Arrangement.Same();
        };
    }

    private int heads() {
        return metadata.integer(architecture + ".attention.head_count", 1, MAX_COUNT);
    }

    private int kvHeads(int heads) {
        return metadata.optionalInt(architecture + ".attention.head_count_kv", 1, MAX_COUNT)
                .orElse(heads);
    }
}
