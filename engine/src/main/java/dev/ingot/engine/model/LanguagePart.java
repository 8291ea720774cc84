package dev.ingot.engine.model;

import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.JsonFile;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The language model in a model that also sees: its part of `config.json`, as a model of its own would say it. What
/// reads images is left aside; [Checkpoint] leaves its tensors aside, too.
///
/// @param modelType, className of the language model alone
/// @param defaults what transformers takes where `text_config` is silent, which Gemma's authors let it be
record LanguagePart(String modelType, String className, String defaults) {
    private static final Map<String, LanguagePart> OF_CLASS =
            Map.of(
                    "Gemma3ForConditionalGeneration",
                    new LanguagePart(
                            "gemma3_text",
                            "Gemma3ForCausalLM",
                            """
                            {"vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
                             "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 131072,
                             "rms_norm_eps": 1e-6, "tie_word_embeddings": true, "rope_theta": 1000000.0,
                             "rope_local_base_freq": 10000.0, "attention_bias": false, "query_pre_attn_scalar": 256,
                             "sliding_window": 4096, "eos_token_id": 1, "bos_token_id": 2}
                            """),
                    "Mistral3ForConditionalGeneration",
                    new LanguagePart(
                            "mistral", "MistralForCausalLM", "{\"tie_word_embeddings\": false}"));

    /// The configuration of the language model: `config` itself where there is nothing else.
    static JsonFile of(JsonFile config) {
        var part =
                config.strings("architectures").stream()
                        .findFirst()
                        .flatMap(name -> Optional.ofNullable(OF_CLASS.get(name)));
        if (part.isEmpty() || !config.isObject("text_config")) {
            return config;
        }
        var merged = (ObjectNode) JsonMapper.shared().readTree(part.get().defaults);
        config.object("text_config").orElseThrow().copyTo(merged);
        merged.put("model_type", part.get().modelType);
        merged.putArray("architectures").add(part.get().className);
        for (var field : new String[] {"quantization", "quantization_config"}) {
            if (config.isObject(field)) {
                var schemes = JsonMapper.shared().createObjectNode();
                config.object(field).orElseThrow().copyTo(schemes);
                var renamed = merged.putObject(field);
                schemes.properties()
                        .forEach(each ->
                                renamed.set(
                                        Checkpoint.nameInLanguagePart(each.getKey())
                                                .orElse(each.getKey()),
                                        each.getValue()));
            }
        }
        return JsonFile.of(config.file(), merged);
    }
}
