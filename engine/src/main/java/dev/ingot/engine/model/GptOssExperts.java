package dev.ingot.engine.model;

import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import java.util.List;

/// gpt-oss's experts, in the three ways in which they are stored:
///
/// | checkpoint | gate and up | down |
/// | --- | --- | --- |
/// | in full | `gate_up_proj [experts, hidden, 2·intermediate]`, in turns | `down_proj [experts, intermediate, hidden]` |
/// | OpenAI's, MXFP4 | `gate_up_proj_blocks`, `…_scales`, its rows in turns | `down_proj_blocks`, `…_scales` |
/// | MLX, GGUF | `gate_proj.weight` and `up_proj.weight`, `[experts, intermediate, hidden]` | `down_proj.weight` |
///
/// @param prefix `model.layers.….mlp.experts.`
record GptOssExperts(Weights weights, String prefix, int experts, int intermediate, int hidden) {
    /// `[2·intermediate, hidden]` each, the gates first.
    MatrixBank gateUp(String label) {
        if (isSplit()) {
            return weights.bank(
                    label,
                    hidden,
                    experts,
                    e ->
                            new Part[] {
                                Part.ofExpert(
                                        prefix + "gate_proj.weight", intermediate, e, experts),
                                Part.ofExpert(prefix + "up_proj.weight", intermediate, e, experts)
                            });
        }
        var name = prefix + "gate_up_proj";
        return weights.matrices().hasMxfp4Blocks(name)
                ? weights.bank(label, experts, e -> halves(blocks(name, 2 * intermediate, e)))
                : weights.bank(label, experts, e -> halves(turned(name, 2 * intermediate, e)));
    }

    /// `[hidden, intermediate]` each.
    MatrixBank down(String label) {
        if (isSplit()) {
            return weights.bank(
                    label,
                    intermediate,
                    experts,
                    e ->
                            new Part[] {
                                Part.ofExpert(prefix + "down_proj.weight", hidden, e, experts)
                            });
        }
        var name = prefix + "down_proj";
        if (weights.matrices().hasMxfp4Blocks(name)) {
            var matrices = weights.matrices();
            return weights.bank(
                    label,
                    experts,
                    e ->
                            List.of(
                                    matrices.mxfp4Blocks(
                                            Part.ofExpert(name, hidden, e, experts),
                                            intermediate)));
        }
        return weights.bank(
                label,
                experts,
                e -> List.of(weights.matrices().asLoaded(turned(name, hidden, intermediate, e))));
    }

    /// `[experts, 2·intermediate]`, the gates first.
    Tensor gateUpBiases(String label) {
        float[] values = new float[experts * 2 * intermediate];
        if (isSplit()) {
            var matrices = weights.matrices();
            float[] gates =
                    matrices.take(prefix + "gate_proj.bias", experts, intermediate).floats();
            float[] ups = matrices.take(prefix + "up_proj.bias", experts, intermediate).floats();
            for (int e = 0; e < experts; e++) {
                int to = e * 2 * intermediate;
                System.arraycopy(gates, e * intermediate, values, to, intermediate);
                System.arraycopy(ups, e * intermediate, values, to + intermediate, intermediate);
            }
        } else {
            var name = prefix + "gate_up_proj_bias";
            float[] turns = weights.matrices().take(name, experts, 2L * intermediate).floats();
            for (int e = 0; e < experts; e++) {
                int from = e * 2 * intermediate;
                for (int i = 0; i < intermediate; i++) {
                    values[from + i] = turns[from + 2 * i];
                    values[from + intermediate + i] = turns[from + 2 * i + 1];
                }
            }
        }
        return weights.rows(label, values, experts, 2 * intermediate);
    }

    /// `[experts, hidden]`.
    Tensor downBiases(String label) {
        var name = prefix + (isSplit() ? "down_proj.bias" : "down_proj_bias");
        return weights.table(label, name, experts, hidden, 0);
    }

    private boolean isSplit() {
        return weights.has(prefix + "gate_proj.weight");
    }

    private Mxfp4Weights blocks(String name, int out, int expert) {
        return weights.matrices().mxfp4Blocks(Part.ofExpert(name, out, expert, experts), hidden);
    }

    private HostTensor turned(String name, int out, int expert) {
        return turned(name, out, hidden, expert);
    }

    private HostTensor turned(String name, int out, int in, int expert) {
        var stacked = weights.matrices().take(name, experts, in, out);
        var data = Part.ofExpert(name, in, expert, experts).of(stacked.data());
        return Weights.transposed(
                new HostTensor(
                        name + "[" + expert + "]",
                        stacked.dtype(),
                        List.of((long) in, (long) out),
                        data));
    }

    private List<WeightSource> halves(HostTensor tensor) {
        return List.of(half(tensor, 0), half(tensor, 1));
    }

    private WeightSource half(HostTensor tensor, int first) {
        return weights.matrices()
                .asLoaded(
                        new HostTensor(
                                tensor.name(),
                                tensor.dtype(),
                                List.of((long) intermediate, (long) hidden),
                                StoredMatrices.everyOtherRow(
                                        tensor.data(), 2 * intermediate, first)));
    }

    private List<WeightSource> halves(Mxfp4Weights weights) {
        return List.of(half(weights, 0), half(weights, 1));
    }

    private static Mxfp4Weights half(Mxfp4Weights weights, int first) {
        return new Mxfp4Weights(
                weights.name(),
                weights.out() / 2,
                weights.in(),
                StoredMatrices.everyOtherRow(weights.levels(), weights.out(), first),
                StoredMatrices.everyOtherRow(weights.exponents(), weights.out(), first));
    }
}
