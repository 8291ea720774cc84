package dev.ingot.engine.model;

import static dev.ingot.engine.model.Weights.part;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Llama 2 and 3 (Touvron et al. 2023, Grattafiori et al. 2024): pre-normed blocks of grouped-query
/// attention with rotary positions and a SiLU-gated MLP.
final class Llama implements Model {
    /// One block. Biases are null where the configuration has none.
    private record Layer(
            Tensor attentionNorm, // [1, hidden]
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            @Nullable Tensor qkvBias,
            Matrix output, // [hidden, heads·headDim]
            @Nullable Tensor outputBias,
            Tensor mlpNorm, // [1, hidden]
            Matrix gateUp, // [2·intermediate, hidden]
            @Nullable Tensor gateUpBias,
            Matrix down, // [hidden, intermediate]
            @Nullable Tensor downBias) {}

    private final ModelConfig config;
    private final KvCache cache;
    private final Activations activations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor inverseFrequencies; // [1, headDim / 2]

    Llama(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
        this.config = config;
        this.cache = cache;
        int hidden = config.hidden();
        var embedTokens = part("model.embed_tokens.weight", config.vocabulary());
        embedding = weights.matrix("embedding", hidden, embedTokens);
        layers = new ArrayList<>();
        for (int l = 0; l < config.layers(); l++) {
            layers.add(layer(weights, config, "model.layers." + l + "."));
        }
        norm = weights.vector("norm", part("model.norm.weight", hidden));
        head =
                config.tiedEmbeddings()
                        ? embedding
                        : weights.matrix(
                                "head", hidden, part("lm_head.weight", config.vocabulary()));
        // Some save the tied head a second time.
        weights.requireNothingLeft(config, List.of("lm_head.weight"));
        inverseFrequencies =
                device.vector("rope", config.rope().inverseFrequencies(config.headDim()));
        activations = Activations.allocate(device, config, limits);
    }

    private static Layer layer(Weights weights, ModelConfig config, String prefix) {
        int hidden = config.hidden();
        int queries = config.queryColumns();
        int keys = config.kvColumns();
        int intermediate = config.intermediate();
        var attention = prefix + "self_attn.";
        var mlp = prefix + "mlp.";
        return new Layer(
                weights.vector(
                        prefix + "attentionNorm", part(prefix + "input_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(attention + "q_proj.weight", queries),
                        part(attention + "k_proj.weight", keys),
                        part(attention + "v_proj.weight", keys)),
                config.attentionBias()
                        ? weights.vector(
                                prefix + "qkvBias",
                                part(attention + "q_proj.bias", queries),
                                part(attention + "k_proj.bias", keys),
                                part(attention + "v_proj.bias", keys))
                        : null,
                weights.matrix(
                        prefix + "output", queries, part(attention + "o_proj.weight", hidden)),
                config.attentionBias()
                        ? weights.vector(
                                prefix + "outputBias", part(attention + "o_proj.bias", hidden))
                        : null,
                weights.vector(
                        prefix + "mlpNorm",
                        part(prefix + "post_attention_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "gateUp",
                        hidden,
                        part(mlp + "gate_proj.weight", intermediate),
                        part(mlp + "up_proj.weight", intermediate)),
                config.mlpBias()
                        ? weights.vector(
                                prefix + "gateUpBias",
                                part(mlp + "gate_proj.bias", intermediate),
                                part(mlp + "up_proj.bias", intermediate))
                        : null,
                weights.matrix(
                        prefix + "down", intermediate, part(mlp + "down_proj.weight", hidden)),
                config.mlpBias()
                        ? weights.vector(prefix + "downBias", part(mlp + "down_proj.bias", hidden))
                        : null);
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public void encode(Encoder enc, Batch batch, Tensor logits) {
        var step = activations.firstRows(batch.tokens(), batch.logitRows().rows());
        var x = step.residual();
        var h = step.normed();
        int queries = config.queryColumns();
        var q = step.qkv().columns(0, queries); // [tokens, heads·headDim]
        float epsilon = config.normEpsilon();
        float magnitude = config.rope().magnitude();

        enc.embed(x, embedding, batch.tokenIds());
        for (int l = 0; l < layers.size(); l++) {
            var layer = layers.get(l);
            enc.rmsNorm(h, x, layer.attentionNorm, epsilon);
            enc.matmul(step.qkv(), h, layer.qkv, layer.qkvBias);
            // First: a token sees itself.
            enc.ropeAndStoreKv(cache, l, step.qkv(), batch, inverseFrequencies, magnitude);
            enc.pagedAttention(step.attended(), q, cache, l, config.attention(l), batch);
            enc.matmulAdd(x, step.attended(), layer.output, layer.outputBias);

            enc.rmsNorm(h, x, layer.mlpNorm, epsilon);
            enc.matmulSwiglu(step.gated(), h, layer.gateUp, layer.gateUpBias, step.gateUp());
            enc.matmulAdd(x, step.gated(), layer.down, layer.downBias);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.rmsNorm(step.last(), step.last(), norm, epsilon);
        enc.matmul(logits, step.last(), head, null);
    }
}
