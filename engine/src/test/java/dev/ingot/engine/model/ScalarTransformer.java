package dev.ingot.engine.model;

import dev.ingot.engine.weights.Checkpoint;
import java.util.Arrays;

/// Both architectures once more, from the checkpoint's own names: one sequence from the start, no cache,
/// nothing fused, no op of ours. What the models have to agree with.
final class ScalarTransformer {
    private final Checkpoint checkpoint;
    private final ModelConfig config;

    ScalarTransformer(Checkpoint checkpoint, ModelConfig config) {
        this.checkpoint = checkpoint;
        this.config = config;
    }

    /// The logits after the last token.
    double[] logits(int... tokens) {
        int count = tokens.length;
        double[][] x = new double[count][];
        float[] embedding = checkpoint.tensor("model.embed_tokens.weight").floats();
        for (int t = 0; t < count; t++) {
            x[t] = new double[config.hidden()];
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] = embedding[tokens[t] * config.hidden() + i];
            }
        }
        for (int l = 0; l < config.layers(); l++) {
            var layer = "model.layers." + l + ".";
            attention(x, layer);
            for (double[] row : x) {
                double[] h = norm(row, layer + "post_attention_layernorm.weight");
                double[] gate = linear(h, layer + "mlp.gate_proj");
                double[] up = linear(h, layer + "mlp.up_proj");
                for (int i = 0; i < gate.length; i++) {
                    gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
                }
                add(row, linear(gate, layer + "mlp.down_proj"));
            }
        }
        return linear(
                norm(x[count - 1], "model.norm.weight"),
                config.tiedEmbeddings() ? "model.embed_tokens" : "lm_head");
    }

    private void attention(double[][] x, String layer) {
        int headDim = config.headDim();
        double[][] q = new double[x.length][];
        double[][] k = new double[x.length][];
        double[][] v = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double[] h = norm(x[t], layer + "input_layernorm.weight");
            q[t] = rotated(linear(h, layer + "self_attn.q_proj"), layer + "self_attn.q_norm", t);
            k[t] = rotated(linear(h, layer + "self_attn.k_proj"), layer + "self_attn.k_norm", t);
            v[t] = linear(h, layer + "self_attn.v_proj");
        }
        for (int t = 0; t < x.length; t++) {
            double[] attended = new double[config.heads() * headDim];
            for (int head = 0; head < config.heads(); head++) {
                int kvHead = head / (config.heads() / config.kvHeads());
                double[] weight = new double[t + 1];
                double sum = 0;
                for (int p = 0; p <= t; p++) {
                    double score = 0;
                    for (int i = 0; i < headDim; i++) {
                        score += q[t][head * headDim + i] * k[p][kvHead * headDim + i];
                    }
                    weight[p] = Math.exp(score / Math.sqrt(headDim));
                    sum += weight[p];
                }
                for (int p = 0; p <= t; p++) {
                    for (int i = 0; i < headDim; i++) {
                        attended[head * headDim + i] +=
                                weight[p] / sum * v[p][kvHead * headDim + i];
                    }
                }
            }
            add(x[t], linear(attended, layer + "self_attn.o_proj"));
        }
    }

    private double[] rotated(double[] heads, String headNorm, int position) {
        int headDim = config.headDim();
        double[] out = new double[heads.length];
        for (int from = 0; from < heads.length; from += headDim) {
            double[] head = Arrays.copyOfRange(heads, from, from + headDim);
            if (checkpoint.has(headNorm + ".weight")) {
                head = norm(head, headNorm + ".weight");
            }
            for (int i = 0; i < headDim / 2; i++) {
                double angle = position / Math.pow(config.rope().theta(), 2.0 * i / headDim);
                double low = head[i];
                double high = head[i + headDim / 2];
                out[from + i] = low * Math.cos(angle) - high * Math.sin(angle);
                out[from + i + headDim / 2] = high * Math.cos(angle) + low * Math.sin(angle);
            }
        }
        return out;
    }

    private double[] norm(double[] x, String weight) {
        float[] w = checkpoint.tensor(weight).floats();
        double squares = 0;
        for (double value : x) {
            squares += value * value;
        }
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] / Math.sqrt(squares / x.length + config.normEpsilon()) * w[i];
        }
        return out;
    }

    private double[] linear(double[] x, String name) {
        var tensor = checkpoint.tensor(name + ".weight");
        float[] w = tensor.floats();
        double[] out = new double[tensor.dimension(0)];
        for (int o = 0; o < out.length; o++) {
            for (int i = 0; i < x.length; i++) {
                out[o] += w[o * x.length + i] * x[i];
            }
        }
        if (checkpoint.has(name + ".bias")) {
            float[] bias = checkpoint.tensor(name + ".bias").floats();
            for (int o = 0; o < out.length; o++) {
                out[o] += bias[o];
            }
        }
        return out;
    }

    private static void add(double[] sum, double[] summand) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += summand[i];
        }
    }
}
