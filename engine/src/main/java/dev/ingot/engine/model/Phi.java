package dev.ingot.engine.model;

import static dev.ingot.engine.model.Weights.part;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Phi-1, 1.5 and 2 (Javaheripi et al. 2023): attention and a GELU MLP side by side, both reading the same
/// layer norm; only the first part of a head is rotated; biases everywhere, the output head's included.
final class Phi implements Model {
    private record Layer(
            Tensor norm, // [1, hidden]
            Tensor normBias,
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            Tensor qkvBias,
            Matrix output, // [hidden, heads·headDim]
            Tensor outputBias,
            Matrix up, // [intermediate, hidden]
            Tensor upBias,
            Matrix down, // [hidden, intermediate]
            Tensor downBias) {}

    private final ModelConfig config;
    private final KvCache cache;
    private final Activations activations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Tensor normBias;
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor headBias; // [1, vocabulary]
    private final Tensor inverseFrequencies; // [1, rotated / 2]

    Phi(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
        this.config = config;
        this.cache = cache;
        int hidden = config.hidden();
        var embedTokens = part("model.embed_tokens.weight", config.vocabulary());
        embedding = weights.matrix("embedding", hidden, embedTokens);
        layers = new ArrayList<>();
        for (int l = 0; l < config.layers(); l++) {
            layers.add(layer(weights, config, "model.layers." + l + "."));
        }
        norm = weights.vector("norm", part("model.final_layernorm.weight", hidden));
        normBias = weights.vector("normBias", part("model.final_layernorm.bias", hidden));
        head =
                config.tiedEmbeddings()
                        ? embedding
                        : weights.matrix(
                                "head", hidden, part("lm_head.weight", config.vocabulary()));
        headBias = weights.vector("headBias", part("lm_head.bias", config.vocabulary()));
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
                weights.vector(prefix + "norm", part(prefix + "input_layernorm.weight", hidden)),
                weights.vector(prefix + "normBias", part(prefix + "input_layernorm.bias", hidden)),
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(attention + "q_proj.weight", queries),
                        part(attention + "k_proj.weight", keys),
                        part(attention + "v_proj.weight", keys)),
                weights.vector(
                        prefix + "qkvBias",
                        part(attention + "q_proj.bias", queries),
                        part(attention + "k_proj.bias", keys),
                        part(attention + "v_proj.bias", keys)),
                weights.matrix(
                        prefix + "output", queries, part(attention + "dense.weight", hidden)),
                weights.vector(prefix + "outputBias", part(attention + "dense.bias", hidden)),
                weights.matrix(prefix + "up", hidden, part(mlp + "fc1.weight", intermediate)),
                weights.vector(prefix + "upBias", part(mlp + "fc1.bias", intermediate)),
                weights.matrix(prefix + "down", intermediate, part(mlp + "fc2.weight", hidden)),
                weights.vector(prefix + "downBias", part(mlp + "fc2.bias", hidden)));
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
            enc.layerNorm(h, x, layer.norm, layer.normBias, epsilon);
            enc.matmul(step.qkv(), h, layer.qkv, layer.qkvBias);
            // First: a token sees itself.
            enc.ropeAndStoreKv(cache, l, step.qkv(), batch, inverseFrequencies, magnitude);
            enc.pagedAttention(step.attended(), q, cache, l, config.attention(l), batch);
            enc.matmulAdd(x, step.attended(), layer.output, layer.outputBias);

            enc.matmul(step.gateUp(), h, layer.up, layer.upBias); // of the same norm as attention
            enc.gelu(step.gated(), step.gateUp(), Gelu.TANH);
            enc.matmulAdd(x, step.gated(), layer.down, layer.downBias);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.layerNorm(step.last(), step.last(), norm, normBias, epsilon);
        enc.matmul(logits, step.last(), head, headBias);
    }
}
