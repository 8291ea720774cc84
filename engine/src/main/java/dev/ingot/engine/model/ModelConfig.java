package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The shape of a model: what its weights look like and what is computed with them.
///
/// @param hidden width of the residual stream
/// @param layers transformer blocks
/// @param heads query heads; a multiple of `kvHeads`
/// @param kvHeads key/value heads
/// @param headDim elements of one head; even; not always `hidden / heads`
/// @param intermediate width of the gated MLP
/// @param vocabulary rows of the embedding and of the logits
/// @param normEpsilon added under the root of every RMS norm
/// @param tiedEmbeddings the output head is the embedding matrix
/// @param attentionBias the q, k, v and output projections have biases
/// @param mlpBias the gate, up and down projections have biases
/// @param maxPositions longest sequence the model was made for
/// @param rope rotary position embedding
/// @param dtype what the weights were saved as, if the configuration says
/// @param bosTokenId beginning of a sequence, if the configuration says
/// @param eosTokenIds ends of a sequence; may be empty
public record ModelConfig(
        Architecture architecture,
        int hidden,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int intermediate,
        int vocabulary,
        float normEpsilon,
        boolean tiedEmbeddings,
        boolean attentionBias,
        boolean mlpBias,
        int maxPositions,
        Rope rope,
        Optional<DType> dtype,
        OptionalInt bosTokenId,
        List<Integer> eosTokenIds) {
    /// @throws IllegalArgumentException if the sizes do not make a model
    public ModelConfig {
        eosTokenIds = List.copyOf(eosTokenIds);
        if (Math.min(hidden, Math.min(layers, intermediate)) <= 0
                || Math.min(vocabulary, maxPositions) <= 0
                || Math.min(heads, Math.min(kvHeads, headDim)) <= 0) {
            throw new IllegalArgumentException("a size of the model is not positive");
        }
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(
                    heads + " heads are not a multiple of " + kvHeads + " key/value heads");
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("a head of " + headDim + " elements has no halves");
        }
        if (rope.scaling() instanceof Rope.Divided(var divisors)
                && divisors.size() != headDim / 2) {
            throw new IllegalArgumentException(
                    divisors.size()
                            + " rotary divisors for the "
                            + headDim / 2
                            + " pairs of a head");
        }
        if ((heads + 2L * kvHeads) * headDim > Integer.MAX_VALUE
                || 2L * intermediate > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a row of activations is longer than 2³¹ elements");
        }
    }

    /// Columns of a row of all queries.
    public int queryColumns() {
        return heads * headDim;
    }

    /// Columns of a row of all keys, and of all values.
    public int kvColumns() {
        return kvHeads * headDim;
    }
}
