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

/// OLMo 2 (OLMo team 2024): what attention and MLP find is normed on its way back into the residual stream,
/// and nothing before; queries and keys are normed over all heads at once.
final class Olmo2 implements Model {
    /// One block.
    private record Layer(
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            Tensor queryNorm, // [1, heads·headDim]
            Tensor keyNorm, // [1, kvHeads·headDim]
            Matrix output, // [hidden, heads·headDim]
            Tensor attentionNorm, // [1, hidden], of what attention found
            Matrix gateUp, // [2·intermediate, hidden]
            Matrix down, // [hidden, intermediate]
            Tensor mlpNorm) {} // [1, hidden], of what the MLP found

    private final ModelConfig config;
    private final KvCache cache;
    private final Activations activations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor inverseFrequencies; // [1, headDim / 2]

    Olmo2(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
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
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(attention + "q_proj.weight", queries),
                        part(attention + "k_proj.weight", keys),
                        part(attention + "v_proj.weight", keys)),
                weights.vector(prefix + "queryNorm", part(attention + "q_norm.weight", queries)),
                weights.vector(prefix + "keyNorm", part(attention + "k_norm.weight", keys)),
                weights.matrix(
                        prefix + "output", queries, part(attention + "o_proj.weight", hidden)),
                weights.vector(
                        prefix + "attentionNorm",
                        part(prefix + "post_attention_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "gateUp",
                        hidden,
                        part(mlp + "gate_proj.weight", intermediate),
                        part(mlp + "up_proj.weight", intermediate)),
                weights.matrix(
                        prefix + "down", intermediate, part(mlp + "down_proj.weight", hidden)),
                weights.vector(
                        prefix + "mlpNorm",
                        part(prefix + "post_feedforward_layernorm.weight", hidden)));
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public void encode(Encoder enc, Batch batch, Tensor logits) {
        var step = activations.firstRows(batch.tokens(), batch.logitRows().rows());
        var x = step.residual();
        var h = step.normed(); // what attention or MLP found
        int queries = config.queryColumns();
        int keys = config.kvColumns();
        var q = step.qkv().columns(0, queries); // [tokens, heads·headDim]
        var k = step.qkv().columns(queries, keys); // [tokens, kvHeads·headDim]
        float epsilon = config.normEpsilon();
        float magnitude = config.rope().magnitude();

        enc.embed(x, embedding, batch.tokenIds());
        for (int l = 0; l < layers.size(); l++) {
            var layer = layers.get(l);
            enc.matmul(step.qkv(), x, layer.qkv, null);
            enc.rmsNorm(q, q, layer.queryNorm, epsilon);
            enc.rmsNorm(k, k, layer.keyNorm, epsilon);
            // First: a token sees itself.
            enc.ropeAndStoreKv(cache, l, step.qkv(), batch, inverseFrequencies, magnitude);
            enc.pagedAttention(step.attended(), q, cache, l, config.attention(l), batch);
            enc.matmul(h, step.attended(), layer.output, null);
            enc.rmsNorm(h, h, layer.attentionNorm, epsilon);
            enc.add(x, h);

            enc.matmulSwiglu(step.gated(), x, layer.gateUp, null, step.gateUp());
            enc.matmul(h, step.gated(), layer.down, null);
            enc.rmsNorm(h, h, layer.mlpNorm, epsilon);
            enc.add(x, h);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.rmsNorm(step.last(), step.last(), norm, epsilon);
        enc.matmul(logits, step.last(), head, null);
    }
}
