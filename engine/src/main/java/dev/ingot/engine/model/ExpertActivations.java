package dev.ingot.engine.model;

import dev.ingot.engine.model.ModelConfig.Experts;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Tensor;

/// What flows through a step of a mixture of experts, beside its [Activations]. A token makes a pair, and
/// with it a row, for each expert that it goes through.
///
/// @param logits `[tokens, experts]` the router's
/// @param ids `[tokens, chosen]` I32
/// @param weights `[tokens, chosen]`
/// @param groups the pairs, sorted by expert
/// @param rows `[pairs, hidden]` what the experts read, then what they found
/// @param gateUp `[pairs, 2·intermediate]` of an expert
/// @param gated `[pairs, intermediate]`
record ExpertActivations(
        Tensor logits,
        Tensor ids,
        Tensor weights,
        ExpertGroups groups,
        Tensor rows,
        Tensor gateUp,
        Tensor gated) {
    /// At the limits.
    static ExpertActivations allocate(
            Device device, ModelConfig config, Experts experts, StepLimits limits) {
        int tokens = limits.maxTokens();
        int chosen = experts.chosen();
        int pairs = Math.multiplyExact(tokens, chosen);
        return new ExpertActivations(
                Tensor.allocate(device, "router logits", DType.F32, tokens, experts.count()),
                Tensor.allocate(device, "expert ids", DType.I32, tokens, chosen),
                Tensor.allocate(device, "expert weights", DType.F32, tokens, chosen),
                new ExpertGroups(
                        Tensor.allocate(device, "starts", DType.I32, experts.count() + 1, 1),
                        Tensor.allocate(device, "sources", DType.I32, pairs, 1),
                        Tensor.allocate(device, "places", DType.I32, tokens, chosen)),
                Tensor.allocate(device, "expert rows", DType.F32, pairs, config.hidden()),
                Tensor.allocate(
                        device, "expert gateUp", DType.F32, pairs, 2 * experts.intermediate()),
                Tensor.allocate(device, "expert gated", DType.F32, pairs, experts.intermediate()));
    }

    /// What [#allocate] takes.
    static long bytes(ModelConfig config, Experts experts, StepLimits limits) {
        long perPair = config.hidden() + 3L * experts.intermediate() + 1; // and its source
        long perToken =
                experts.count() + experts.chosen() * (3 + perPair); // logits; id, weight, place
        return DType.F32.bytes(
                Math.addExact(
                        Math.multiplyExact(perToken, (long) limits.maxTokens()),
                        experts.count() + 1L)); // I32 is as long
    }

    /// The views of a step of so many tokens.
    ExpertActivations firstRows(int tokens) {
        int pairs = tokens * ids.columns();
        return new ExpertActivations(
                logits.firstRows(tokens),
                ids.firstRows(tokens),
                weights.firstRows(tokens),
                new ExpertGroups(
                        groups.starts(),
                        groups.sources().firstRows(pairs),
                        groups.places().firstRows(tokens)),
                rows.firstRows(pairs),
                gateUp.firstRows(pairs),
                gated.firstRows(pairs));
    }
}
