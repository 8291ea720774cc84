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

/// Gemma 3 (Gemma team 2025), the text model: norms before and after attention and MLP, queries and keys
/// normed head by head, most layers in a window with a rotation of their own, embeddings scaled by the root
/// of their width, a GELU-gated MLP. A norm multiplies by `1 + weight`.
final class Gemma3 implements Model {
    /// One block.
    private record Layer(
            Tensor attentionNorm, // [1, hidden]
            Matrix qkv, // [(heads + 2·kvHeads)·headDim, hidden]
            Tensor queryNorm, // [1, headDim]
            Tensor keyNorm, // [1, headDim]
            Matrix output, // [hidden, heads·headDim]
            Tensor attendedNorm, // [1, hidden], of what attention found
            Tensor mlpNorm, // [1, hidden]
            Matrix gateUp, // [2·intermediate, hidden]
            Matrix down, // [hidden, intermediate]
            Tensor gatedNorm) {} // [1, hidden], of what the MLP found

    private final ModelConfig config;
    private final KvCache cache;
    private final KvPlaces places;
    private final Activations activations;
    private final Matrix embedding; // [vocabulary, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Matrix head; // [vocabulary, hidden]
    private final Tensor inverseFrequencies; // [1, headDim / 2], of the layers that see everything
    private final Tensor windowedFrequencies; // [1, headDim / 2], of those with a window

    Gemma3(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
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
        norm = weights.onePlus("norm", "model.norm.weight", hidden);
        head =
                config.tiedEmbeddings()
                        ? embedding
                        : weights.matrix(
                                "head", hidden, part("lm_head.weight", config.vocabulary()));
        // Some save the tied head a second time.
        weights.requireNothingLeft(config, List.of("lm_head.weight"));
        inverseFrequencies =
                device.vector("rope", config.rope().inverseFrequencies(config.headDim()));
        var windowedRope = config.attending().windowedRope().orElse(config.rope());
        windowedFrequencies =
                device.vector("windowed rope", windowedRope.inverseFrequencies(config.headDim()));
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
                weights.onePlus(
                        prefix + "attentionNorm", prefix + "input_layernorm.weight", hidden),
                weights.matrix(
                        prefix + "qkv",
                        hidden,
                        part(attention + "q_proj.weight", queries),
                        part(attention + "k_proj.weight", keys),
                        part(attention + "v_proj.weight", keys)),
                weights.onePlus(
                        prefix + "queryNorm", attention + "q_norm.weight", config.headDim()),
                weights.onePlus(prefix + "keyNorm", attention + "k_norm.weight", config.headDim()),
                weights.matrix(
                        prefix + "output", queries, part(attention + "o_proj.weight", hidden)),
                weights.onePlus(
                        prefix + "attendedNorm",
                        prefix + "post_attention_layernorm.weight",
                        hidden),
                weights.onePlus(
                        prefix + "mlpNorm", prefix + "pre_feedforward_layernorm.weight", hidden),
                weights.matrix(
                        prefix + "gateUp",
                        hidden,
                        part(mlp + "gate_proj.weight", intermediate),
                        part(mlp + "up_proj.weight", intermediate)),
                weights.matrix(
                        prefix + "down", intermediate, part(mlp + "down_proj.weight", hidden)),
                weights.onePlus(
                        prefix + "gatedNorm",
                        prefix + "post_feedforward_layernorm.weight",
                        hidden));
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
        float epsilon = config.normEpsilon();
        float magnitude = config.rope().magnitude();

        enc.embed(x, embedding, batch.tokenIds());
        enc.scale(x, (float) Math.sqrt(config.hidden()));
        for (int l = 0; l < layers.size(); l++) {
            var layer = layers.get(l);
            var kv = places.get(l);
            var blocks = batch.of(kv.group());
            var attention = config.attention(l);
            enc.rmsNorm(h, x, layer.attentionNorm, epsilon);
            enc.matmul(step.qkv(), h, layer.qkv, null);
            enc.rmsNormHeads(q, layer.queryNorm, epsilon);
            enc.rmsNormHeads(k, layer.keyNorm, epsilon);
            boolean windowed = attention.window() > 0;
            enc.ropeAndStoreKv( // first: a token sees itself
                    cache,
                    kv.layer(),
                    step.qkv(),
                    blocks,
                    windowed ? windowedFrequencies : inverseFrequencies,
                    windowed ? 1 : magnitude);
            enc.pagedAttention(step.attended(), q, cache, kv.layer(), attention, blocks);
            enc.matmul(h, step.attended(), layer.output, null);
            enc.rmsNorm(h, h, layer.attendedNorm, epsilon);
            enc.add(x, h);

            enc.rmsNorm(h, x, layer.mlpNorm, epsilon);
            enc.matmul(step.gateUp(), h, layer.gateUp, null);
            enc.geglu(step.gated(), step.gateUp(), Gelu.TANH);
            enc.matmul(h, step.gated(), layer.down, null);
            enc.rmsNorm(h, h, layer.gatedNorm, epsilon);
            enc.add(x, h);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.rmsNorm(step.last(), step.last(), norm, epsilon);
        enc.matmul(logits, step.last(), head, null);
        if (config.logitSoftcap() > 0) {
            enc.softcap(logits, config.logitSoftcap());
        }
    }
}
