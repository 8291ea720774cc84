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

/// Phi-3 (Abdin et al. 2024) and Phi-4-mini: Llama's block with its projections stored as one matrix, in a
/// window where the configuration has one. Phi-4-mini turns only a part of each head.
final class Phi3 implements Model {
    /// One block.
    private record Layer(
            Tensor attentionNorm, // [1, hidden]
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            Matrix output, // [hidden, heads·headDim]
            Tensor mlpNorm, // [1, hidden]
            Matrix gateUp, // [2·intermediate, hidden]
            Matrix down) {} // [hidden, intermediate]

    private final ModelConfig config;
    private final KvCache cache;
    private final Activations activations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor inverseFrequencies; // [1, headDim / 2]

    Phi3(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
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
        int intermediate = config.intermediate();
        var attention = prefix + "self_attn.";
        var mlp = prefix + "mlp.";
        return new Layer(
                weights.vector(
                        prefix + "attentionNorm", part(prefix + "input_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(
                                attention + "qkv_proj.weight",
                                config.queryColumns() + 2 * config.kvColumns())),
                weights.matrix(
                        prefix + "output", queries, part(attention + "o_proj.weight", hidden)),
                weights.vector(
                        prefix + "mlpNorm",
                        part(prefix + "post_attention_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "gateUp",
                        hidden,
                        part(mlp + "gate_up_proj.weight", 2 * intermediate)),
                weights.matrix(
                        prefix + "down", intermediate, part(mlp + "down_proj.weight", hidden)));
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
            enc.matmul(step.qkv(), h, layer.qkv, null);
            // First: a token sees itself.
            enc.ropeAndStoreKv(cache, l, step.qkv(), batch, inverseFrequencies, magnitude);
            enc.pagedAttention(step.attended(), q, cache, l, config.attention(l), batch);
            enc.matmulAdd(x, step.attended(), layer.output, null);

            enc.rmsNorm(h, x, layer.mlpNorm, epsilon);
            enc.matmulSwiglu(step.gated(), h, layer.gateUp, null, step.gateUp());
            enc.matmulAdd(x, step.gated(), layer.down, null);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.rmsNorm(step.last(), step.last(), norm, epsilon);
        enc.matmul(logits, step.last(), head, null);
    }
}
