package dev.ingot.kernels.parity;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import java.util.ArrayList;
import java.util.List;

/// A whole layer of experts, with weights of its own.
///
/// @param chosen experts of a token
/// @param intermediate width of one expert's MLP
/// @param dtype of the weights
public record MixtureLayer(int experts, int chosen, int hidden, int intermediate, DType dtype) {
    /// What the layer adds to a residual stream.
    ///
    /// @param x `[tokens, hidden]`
    /// @param logits of the router, `[tokens, experts]`
    /// @param residual `[tokens or more, hidden]`: the stream before
    /// @param normalized the weights of a token's experts add up to 1
    public float[][] added(
            Device device, float[][] x, float[][] logits, float[][] residual, boolean normalized) {
        int tokens = x.length;
        int pairs = tokens * chosen;
        List<Matrix> up = new ArrayList<>();
        List<Matrix> down = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            // In two parts, as most checkpoints have them.
            up.add(
                    device.matrix(
                            "up",
                            List.of(
                                    Data.weights(100 + e, dtype, intermediate, hidden),
                                    Data.weights(500 + e, dtype, intermediate, hidden))));
            down.add(
                    device.matrix(
                            "down", List.of(Data.weights(200 + e, dtype, hidden, intermediate))));
        }
        var upBank = device.bank("up", up);
        var downBank = device.bank("down", down);
        var biases = Steps.floats(device, Data.rows(300, experts, 2 * intermediate));
        var ids = Tensor.allocate(device, "ids", DType.I32, tokens, chosen);
        var weights = Tensor.allocate(device, "weights", DType.F32, tokens, chosen);
        var groups =
                new ExpertGroups(
                        Tensor.allocate(device, "starts", DType.I32, experts + 1, 1),
                        Tensor.allocate(device, "sources", DType.I32, pairs, 1),
                        Tensor.allocate(device, "places", DType.I32, tokens, chosen));
        var in = Data.strided(device, x, 2);
        var router = Data.strided(device, logits, 1);
        var grouped = Tensor.allocate(device, "grouped", DType.F32, pairs, hidden);
        var wide = Tensor.allocate(device, "wide", DType.F32, pairs, 2 * intermediate);
        var gated = Tensor.allocate(device, "gated", DType.F32, pairs, intermediate);
        var out = Data.strided(device, residual, 3).firstRows(tokens);
        Steps.run(
                device,
                enc -> {
                    enc.moeRoute(ids, weights, router, normalized);
                    enc.moeGroup(groups, ids);
                    enc.gatherRows(grouped, in, groups.sources());
                    enc.moeMatmul(wide, grouped, upBank, groups.starts(), biases);
                    enc.swiglu(gated, wide);
                    enc.moeMatmul(grouped, gated, downBank, groups.starts(), null);
                    enc.moeCombine(out, grouped, groups.places(), weights);
                });
        return Data.read(out);
    }
}
