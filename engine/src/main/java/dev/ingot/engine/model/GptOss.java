package dev.ingot.engine.model;

import static dev.ingot.engine.model.Weights.part;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import java.util.ArrayList;
import java.util.List;

/// gpt-oss (OpenAI 2025): every other layer attends in a window, each head has a sink that takes attention
/// from everything, biases throughout; in the MLP's place a router sends each token through a few of the
/// layer's experts, whose gate is clamped.
final class GptOss implements Model {
    /// What gates are clamped to.
    static final double SWIGLU_LIMIT = 7;

    private static final float SWIGLU_ALPHA = 1.702f;

    /// One block.
    private record Layer(
            Tensor attentionNorm, // [1, hidden]
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            Tensor qkvBias, // [1, (heads + 2·kvHeads)·headDim]
            Tensor sinks, // [1, heads]
            Matrix output, // [hidden, heads·headDim]
            Tensor outputBias, // [1, hidden]
            Tensor mlpNorm, // [1, hidden]
            Matrix router, // [experts, hidden]
            Tensor routerBias, // [1, experts]
            MatrixBank gateUp, // [2·intermediate, hidden] each
            Tensor gateUpBiases, // [experts, 2·intermediate]
            MatrixBank down, // [hidden, intermediate] each
            Tensor downBiases) {} // [experts, hidden]

    private final ModelConfig config;
    private final KvCache cache;
    private final KvPlaces places;
    private final Activations activations;
    private final ExpertActivations expertActivations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor inverseFrequencies; // [1, headDim / 2]

    GptOss(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
        this.config = config;
        this.cache = cache;
        places = KvPlaces.of(config.attending().windows());
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
        int experts = config.mixture().count();
        int intermediate = config.mixture().intermediate();
        var attention = prefix + "self_attn.";
        var mlp = prefix + "mlp.";
        var moe = new GptOssExperts(weights, mlp + "experts.", experts, intermediate, hidden);
        return new Layer(
                weights.vector(
                        prefix + "attentionNorm", part(prefix + "input_layernorm.weight", hidden)),
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
                weights.vector(prefix + "sinks", part(attention + "sinks", config.heads())),
                weights.matrix(
                        prefix + "output", queries, part(attention + "o_proj.weight", hidden)),
                weights.vector(prefix + "outputBias", part(attention + "o_proj.bias", hidden)),
                weights.vector(
                        prefix + "mlpNorm",
                        part(prefix + "post_attention_layernorm.weight", hidden)),
                weights.matrix(prefix + "router", hidden, part(mlp + "router.weight", experts)),
                weights.vector(prefix + "routerBias", part(mlp + "router.bias", experts)),
                moe.gateUp(prefix + "gateUp"),
                moe.gateUpBiases(prefix + "gateUpBiases"),
                moe.down(prefix + "down"),
                moe.downBiases(prefix + "downBiases"));
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
        float scale = config.attending().scale();
        float magnitude = config.rope().magnitude();

        enc.embed(x, embedding, batch.tokenIds());
        for (int l = 0; l < layers.size(); l++) {
            var layer = layers.get(l);
            var kv = places.get(l);
            var blocks = batch.of(kv.group());
            enc.rmsNorm(h, x, layer.attentionNorm, epsilon);
            enc.matmul(step.qkv(), h, layer.qkv, layer.qkvBias);
            // First: a token sees itself.
            enc.ropeAndStoreKv(
                    cache, kv.layer(), step.qkv(), blocks, inverseFrequencies, magnitude);
            var attention = new Attention(scale, config.attention(l).window(), 0, layer.sinks);
            enc.pagedAttention(step.attended(), q, cache, kv.layer(), attention, blocks);
            enc.matmulAdd(x, step.attended(), layer.output, layer.outputBias);

            enc.rmsNorm(h, x, layer.mlpNorm, epsilon);
            enc.matmul(moe.logits(), h, layer.router, layer.routerBias);
            enc.moeRoute(moe.ids(), moe.weights(), moe.logits(), config.mixture().normalized());
            enc.moeGroup(moe.groups(), moe.ids());
            enc.gatherRows(moe.rows(), h, moe.groups().sources());
            var starts = moe.groups().starts();
            enc.moeMatmul(moe.gateUp(), moe.rows(), layer.gateUp, starts, layer.gateUpBiases);
            enc.clampedSwiglu(moe.gated(), moe.gateUp(), (float) SWIGLU_LIMIT, SWIGLU_ALPHA);
            enc.moeMatmul(moe.rows(), moe.gated(), layer.down, starts, layer.downBiases);
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
