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

/// OPT (Zhang et al. 2022): learned positions that begin two rows into their table, pre-normed blocks with
/// layer norms and biases everywhere, full multi-head attention and a ReLU MLP.
final class Opt implements Model {
    /// Rows of the position table that no position has.
    private static final int POSITION_OFFSET = 2;

    private record Layer(
            Tensor attentionNorm, // [1, hidden]
            Tensor attentionNormBias,
            Matrix qkv, // [3·hidden, hidden]
            Tensor qkvBias,
            Matrix output, // [hidden, hidden]
            Tensor outputBias,
            Tensor mlpNorm, // [1, hidden]
            Tensor mlpNormBias,
            Matrix up, // [intermediate, hidden]
            Tensor upBias,
            Matrix down, // [hidden, intermediate]
            Tensor downBias) {}

    private final ModelConfig config;
    private final KvCache cache;
    private final Activations activations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final Tensor positions; // [maxPositions, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Tensor normBias;
    private final Matrix head; // [vocabulary, hidden]

    Opt(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
        this.config = config;
        this.cache = cache;
        int hidden = config.hidden();
        var root = "model.decoder.";
        var embedTokens = part(root + "embed_tokens.weight", config.vocabulary());
        embedding = weights.matrix("embedding", hidden, embedTokens);
        positions =
                weights.table(
                        "positions",
                        root + "embed_positions.weight",
                        config.maxPositions() + POSITION_OFFSET,
                        hidden,
                        POSITION_OFFSET);
        layers = new ArrayList<>();
        for (int l = 0; l < config.layers(); l++) {
            layers.add(layer(weights, config, root + "layers." + l + "."));
        }
        norm = weights.vector("norm", part(root + "final_layer_norm.weight", hidden));
        normBias = weights.vector("normBias", part(root + "final_layer_norm.bias", hidden));
        head =
                config.tiedEmbeddings()
                        ? embedding
                        : weights.matrix(
                                "head", hidden, part("lm_head.weight", config.vocabulary()));
        weights.requireNothingLeft(config, List.of("lm_head.weight"));
        activations = Activations.allocate(device, config, limits);
    }

    private static Layer layer(Weights weights, ModelConfig config, String prefix) {
        int hidden = config.hidden();
        int intermediate = config.intermediate();
        var attention = prefix + "self_attn.";
        var firstNorm = prefix + "self_attn_layer_norm.";
        var secondNorm = prefix + "final_layer_norm.";
        return new Layer(
                weights.vector(prefix + "attentionNorm", part(firstNorm + "weight", hidden)),
                weights.vector(prefix + "attentionNormBias", part(firstNorm + "bias", hidden)),
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(attention + "q_proj.weight", hidden),
                        part(attention + "k_proj.weight", hidden),
                        part(attention + "v_proj.weight", hidden)),
                weights.vector(
                        prefix + "qkvBias",
                        part(attention + "q_proj.bias", hidden),
                        part(attention + "k_proj.bias", hidden),
                        part(attention + "v_proj.bias", hidden)),
                weights.matrix(
                        prefix + "output", hidden, part(attention + "out_proj.weight", hidden)),
                weights.vector(prefix + "outputBias", part(attention + "out_proj.bias", hidden)),
                weights.vector(prefix + "mlpNorm", part(secondNorm + "weight", hidden)),
                weights.vector(prefix + "mlpNormBias", part(secondNorm + "bias", hidden)),
                weights.matrix(prefix + "up", hidden, part(prefix + "fc1.weight", intermediate)),
                weights.vector(prefix + "upBias", part(prefix + "fc1.bias", intermediate)),
                weights.matrix(prefix + "down", intermediate, part(prefix + "fc2.weight", hidden)),
                weights.vector(prefix + "downBias", part(prefix + "fc2.bias", hidden)));
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
        int keys = config.kvColumns();
        var q = step.qkv().columns(0, queries); // [tokens, heads·headDim]
        var k = step.qkv().columns(queries, keys); // [tokens, kvHeads·headDim]
        var v = step.qkv().columns(queries + keys, keys); // [tokens, kvHeads·headDim]
        float epsilon = config.normEpsilon();

        enc.embed(x, embedding, batch.tokenIds());
        enc.addRows(x, positions, batch.positions());
        for (int l = 0; l < layers.size(); l++) {
            var layer = layers.get(l);
            enc.layerNorm(h, x, layer.attentionNorm, layer.attentionNormBias, epsilon);
            enc.matmul(step.qkv(), h, layer.qkv, layer.qkvBias);
            enc.storeKv(cache, l, k, v, batch.slotMapping()); // first: a token sees itself
            enc.pagedAttention(step.attended(), q, cache, l, config.attention(l), batch);
            enc.matmulAdd(x, step.attended(), layer.output, layer.outputBias);

            enc.layerNorm(h, x, layer.mlpNorm, layer.mlpNormBias, epsilon);
            enc.matmul(step.gateUp(), h, layer.up, layer.upBias);
            enc.relu(step.gated(), step.gateUp());
            enc.matmulAdd(x, step.gated(), layer.down, layer.downBias);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.layerNorm(step.last(), step.last(), norm, normBias, epsilon);
        enc.matmul(logits, step.last(), head, null);
    }
}
