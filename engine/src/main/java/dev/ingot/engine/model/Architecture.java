package dev.ingot.engine.model;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/// The model families that can be served.
public enum Architecture {
    GEMMA2("gemma2", "Gemma2ForCausalLM"),
    GEMMA3("gemma3_text", "Gemma3ForCausalLM"),
    GPT2("gpt2", "GPT2LMHeadModel"),
    GPT_OSS("gpt_oss", "GptOssForCausalLM"),
    LLAMA("llama", "LlamaForCausalLM"),
    MISTRAL("mistral", "MistralForCausalLM"),
    MIXTRAL("mixtral", "MixtralForCausalLM"),
    OLMO2("olmo2", "Olmo2ForCausalLM"),
    OPT("opt", "OPTForCausalLM"),
    PHI("phi", "PhiForCausalLM"),
    PHI3("phi3", "Phi3ForCausalLM"),
    QWEN2("qwen2", "Qwen2ForCausalLM"),
    QWEN3("qwen3", "Qwen3ForCausalLM"),
    QWEN3_MOE("qwen3_moe", "Qwen3MoeForCausalLM");

    private final String modelType;
    private final String className;

    Architecture(String modelType, String className) {
        this.modelType = modelType;
        this.className = className;
    }

    /// Its `model_type` in `config.json`.
    public String modelType() {
        return modelType;
    }

    /// Its class in transformers, as `architectures` of `config.json` names it.
    public String className() {
        return className;
    }

    static Optional<Architecture> ofModelType(String modelType) {
        return Arrays.stream(values()).filter(a -> a.modelType.equals(modelType)).findAny();
    }

    static Optional<Architecture> ofClassName(String className) {
        return Arrays.stream(values()).filter(a -> a.className.equals(className)).findAny();
    }

    /// All of them, for an error message.
    static String supported() {
        return Arrays.stream(values())
                .map(a -> a.modelType + " (" + a.className + ")")
                .collect(Collectors.joining(", "));
    }
}
