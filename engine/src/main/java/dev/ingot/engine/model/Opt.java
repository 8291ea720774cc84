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

/// OPT (Zhang et al. 2022): learned positions that begin two rows into their table, pre-normed blocks with
/// layer norms and biases everywhere, full multi-head attention and a ReLU MLP.
///
/// OPT-350m alone norms after the sums, has no norm at the end, and embeds tokens in fewer numbers than its layers have.
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
    private final int embedded; // numbers of a token's embedding; usually hidden
    private final Matrix embedding; // [vocabulary, embedded]
    private final @Nullable Matrix projectIn; // [hidden, embedded]
    private final @Nullable Matrix projectOut; // [embedded, hidden]
    private final Tensor positions; // [maxPositions, hidden]
    private final List<Layer> layers;
    private final boolean normsAfterSums;
    private final @Nullable Tensor norm; // [1, hidden]
    private final @Nullable Tensor normBias;
    private final Matrix head; // [vocabulary, embedded]

    Opt(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
        this.config = config;
        this.cache = cache;
        int hidden = config.hidden();
        var root = "model.decoder.";
        boolean isProjected = weights.has(root + "project_in.weight");
        embedded = isProjected ? weights.columns(root + "project_in.weight", hidden) : hidden;
        var embedTokens = part(root + "embed_tokens.weight", config.vocabulary());
        embedding = weights.matrix("embedding", embedded, embedTokens);
        projectIn =
                isProjected
                        ? weights.matrix(
                                "projectIn", embedded, part(root + "project_in.weight", hidden))
                        : null;
        projectOut =
                isProjected
                        ? weights.matrix(
                                "projectOut", hidden, part(root + "project_out.weight", embedded))
                        : null;
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
        normsAfterSums = !weights.has(root + "final_layer_norm.weight");
        norm =
                normsAfterSums
                        ? null
                        : weights.vector("norm", part(root + "final_layer_norm.weight", hidden));
        normBias =
                normsAfterSums
                        ? null
                        : weights.vector("normBias", part(root + "final_layer_norm.bias", hidden));
        head =
                config.tiedEmbeddings()
                        ? embedding
                        : weights.matrix(
                                "head", embedded, part("lm_head.weight", config.vocabulary()));
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

        if (projectIn == null) {
            enc.embed(x, embedding, batch.tokenIds());
        } else {
            var narrow = h.columns(0, embedded); // [tokens, embedded]
            enc.embed(narrow, embedding, batch.tokenIds());
            enc.matmul(x, narrow, projectIn, null);
        }
        enc.addRows(x, positions, batch.positions());
        for (int l = 0; l < layers.size(); l++) {
            var layer = layers.get(l);
            var attending = normed(enc, step, layer.attentionNorm, layer.attentionNormBias);
            enc.matmul(step.qkv(), attending, layer.qkv, layer.qkvBias);
            enc.storeKv(cache, l, k, v, batch.slotMapping()); // first: a token sees itself
            enc.pagedAttention(step.attended(), q, cache, l, config.attention(l), batch);
            enc.matmulAdd(x, step.attended(), layer.output, layer.outputBias);
            normSum(enc, x, layer.attentionNorm, layer.attentionNormBias);

            var thinking = normed(enc, step, layer.mlpNorm, layer.mlpNormBias);
            enc.matmul(step.gateUp(), thinking, layer.up, layer.upBias);
            enc.relu(step.gated(), step.gateUp());
            enc.matmulAdd(x, step.gated(), layer.down, layer.downBias);
            normSum(enc, x, layer.mlpNorm, layer.mlpNormBias);
        }
        int rows = batch.logitRows().rows();
        if (rows == 0) {
            return;
        }
        var last = step.last();
        enc.gatherRows(last, x, batch.logitRows());
        if (norm != null && normBias != null) {
            enc.layerNorm(last, last, norm, normBias, config.normEpsilon());
        }
        if (projectOut != null) {
            var narrow = h.firstRows(rows).columns(0, embedded); // [rows, embedded]
            enc.matmul(narrow, last, projectOut, null);
            last = narrow;
        }
        enc.matmul(logits, last, head, null);
    }

    /// What a half of a block reads: the residual stream, normed before or, where norms come after the sums, as it is.
    private Tensor normed(Encoder enc, Activations step, Tensor weight, Tensor bias) {
        if (normsAfterSums) {
            return step.residual();
        }
        enc.layerNorm(step.normed(), step.residual(), weight, bias, config.normEpsilon());
        return step.normed();
    }

    private void normSum(Encoder enc, Tensor x, Tensor weight, Tensor bias) {
        if (normsAfterSums) {
            enc.layerNorm(x, x, weight, bias, config.normEpsilon());
        }
    }
}
