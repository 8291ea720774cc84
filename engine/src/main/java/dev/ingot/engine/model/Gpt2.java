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

/// GPT-2 (Radford et al. 2019): learned positions, pre-normed blocks with layer norms and biases everywhere,
/// full multi-head attention and a GELU MLP. Its matrices are stored the other way round.
final class Gpt2 implements Model {
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
    private final Matrix embedding; // [vocabulary, hidden], the output head too
    private final Tensor positions; // [maxPositions, hidden]
    private final List<Layer> layers;
    private final Tensor norm; // [1, hidden]
    private final Tensor normBias;

    Gpt2(Weights weights, ModelConfig config, Device device, StepLimits limits, KvCache cache) {
        this.config = config;
        this.cache = cache;
        int hidden = config.hidden();
        // The first checkpoints were saved without the head around the transformer.
        var root = weights.has("wte.weight") ? "" : "transformer.";
        embedding =
                weights.matrix("embedding", hidden, part(root + "wte.weight", config.vocabulary()));
        positions =
                weights.table("positions", root + "wpe.weight", config.maxPositions(), hidden, 0);
        layers = new ArrayList<>();
        var masks = new ArrayList<>(List.of("lm_head.weight"));
        for (int l = 0; l < config.layers(); l++) {
            var prefix = root + "h." + l + ".";
            layers.add(layer(weights, config, prefix));
            masks.add(prefix + "attn.bias"); // the causal mask, which old checkpoints carry
            masks.add(prefix + "attn.masked_bias");
        }
        norm = weights.vector("norm", part(root + "ln_f.weight", hidden));
        normBias = weights.vector("normBias", part(root + "ln_f.bias", hidden));
        weights.requireNothingLeft(config, root, masks);
        activations = Activations.allocate(device, config, limits);
    }

    private static Layer layer(Weights weights, ModelConfig config, String prefix) {
        int hidden = config.hidden();
        int intermediate = config.intermediate();
        var attention = prefix + "attn.";
        var mlp = prefix + "mlp.";
        return new Layer(
                weights.vector(prefix + "attentionNorm", part(prefix + "ln_1.weight", hidden)),
                weights.vector(prefix + "attentionNormBias", part(prefix + "ln_1.bias", hidden)),
                weights.transposed(prefix + "qkv", attention + "c_attn.weight", 3 * hidden, hidden),
                weights.vector(prefix + "qkvBias", part(attention + "c_attn.bias", 3 * hidden)),
                weights.transposed(prefix + "output", attention + "c_proj.weight", hidden, hidden),
                weights.vector(prefix + "outputBias", part(attention + "c_proj.bias", hidden)),
                weights.vector(prefix + "mlpNorm", part(prefix + "ln_2.weight", hidden)),
                weights.vector(prefix + "mlpNormBias", part(prefix + "ln_2.bias", hidden)),
                weights.transposed(prefix + "up", mlp + "c_fc.weight", intermediate, hidden),
                weights.vector(prefix + "upBias", part(mlp + "c_fc.bias", intermediate)),
                weights.transposed(prefix + "down", mlp + "c_proj.weight", hidden, intermediate),
                weights.vector(prefix + "downBias", part(mlp + "c_proj.bias", hidden)));
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
            enc.gelu(step.gated(), step.gateUp(), Gelu.TANH);
            enc.matmulAdd(x, step.gated(), layer.down, layer.downBias);
        }
        if (batch.logitRows().rows() == 0) {
            return;
        }
        enc.gatherRows(step.last(), x, batch.logitRows());
        enc.layerNorm(step.last(), step.last(), norm, normBias, epsilon);
        enc.matmul(logits, step.last(), embedding, null);
    }
}
