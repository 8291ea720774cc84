package dev.ingot.engine.model;

import static dev.ingot.engine.model.Weights.part;

import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Mixtral (Jiang et al. 2024): Mistral's attention; in the MLP's place a router sends each token through a few
/// of the layer's SiLU-gated experts.
final class Mixtral implements Model {
    /// One block.
    private record Layer(
            Tensor attentionNorm, // [1, hidden]
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            Matrix output, // [hidden, heads·headDim]
            Tensor mlpNorm, // [1, hidden]
            Matrix router, // [experts, hidden]
            MatrixBank gateUp, // [2·intermediate, hidden] each
            MatrixBank down) {} // [hidden, intermediate] each

    private final ModelConfig config;
    private final KvCache cache;
    private final Activations activations;
    private final ExpertActivations expertActivations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor inverseFrequencies; // [1, headDim / 2]

    Mixtral(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
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
        expertActivations = ExpertActivations.allocate(device, config, config.mixture(), limits);
    }

    private static Layer layer(Weights weights, ModelConfig config, String prefix) {
        int hidden = config.hidden();
        int queries = config.queryColumns();
        int keys = config.kvColumns();
        int intermediate = config.intermediate();
        var attention = prefix + "self_attn.";
        var moe = prefix + "block_sparse_moe.";
        return new Layer(
                weights.vector(
                        prefix + "attentionNorm", part(prefix + "input_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(attention + "q_proj.weight", queries),
                        part(attention + "k_proj.weight", keys),
                        part(attention + "v_proj.weight", keys)),
                weights.matrix(
                        prefix + "output", queries, part(attention + "o_proj.weight", hidden)),
                weights.vector(
                        prefix + "mlpNorm",
                        part(prefix + "post_attention_layernorm.weight", hidden)),
                weights.matrix(
                        prefix + "router",
                        hidden,
                        part(moe + "gate.weight", config.mixture().count())),
                weights.bank(
                        prefix + "gateUp",
                        hidden,
                        config.mixture().count(),
                        e ->
                                new Part[] {
                                    weights.expert(
                                            moe,
                                            "w1",
                                            "gate_proj",
                                            intermediate,
                                            e,
                                            config.mixture().count()),
                                    weights.expert(
                                            moe,
                                            "w3",
                                            "up_proj",
                                            intermediate,
                                            e,
                                            config.mixture().count())
                                }),
                weights.bank(
                        prefix + "down",
                        intermediate,
                        config.mixture().count(),
                        e ->
                                new Part[] {
                                    weights.expert(
                                            moe,
                                            "w2",
                                            "down_proj",
                                            hidden,
                                            e,
                                            config.mixture().count())
                                }));
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public void encode(Encoder enc, Batch batch, Tensor logits) {
        var step = activations.firstRows(batch.tokens(), batch.logitRows().rows());
        var moe = expertActivations.firstRows(batch.tokens());
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
            enc.matmul(moe.logits(), h, layer.router, null);
            enc.moeRoute(moe.ids(), moe.weights(), moe.logits(), config.mixture().normalized());
            enc.moeGroup(moe.groups(), moe.ids());
            enc.gatherRows(moe.rows(), h, moe.groups().sources());
            enc.moeMatmul(moe.gateUp(), moe.rows(), layer.gateUp, moe.groups().starts(), null);
            enc.swiglu(moe.gated(), moe.gateUp());
            enc.moeMatmul(moe.rows(), moe.gated(), layer.down, moe.groups().starts(), null);
            enc.moeCombine(x, moe.rows(), moe.groups().places(), moe.weights());
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.rmsNorm(step.last(), step.last(), norm, epsilon);
        enc.matmul(logits, step.last(), head, null);
    }
}
