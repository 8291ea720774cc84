package dev.ingot.engine.model;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.DType;
import java.util.Collections;
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
/// @param normEpsilon added under the root of every norm
/// @param tiedEmbeddings the output head is the embedding matrix
/// @param attentionBias the q, k, v and output projections have biases
/// @param mlpBias the gate, up and down projections have biases
/// @param maxPositions longest sequence the model was made for
/// @param rope rotary position embedding
/// @param dtype what the weights were saved as, if the configuration says
/// @param bosTokenId beginning of a sequence, if the configuration says
/// @param eosTokenIds ends of a sequence; may be empty
/// @param attending what attention computes beside products and a softmax
/// @param logitSoftcap logits are pressed between `−logitSoftcap` and `logitSoftcap`; 0 for not at all
/// @param experts the mixture that takes the MLP's place, if there is one
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
        List<Integer> eosTokenIds,
        Attending attending,
        float logitSoftcap,
        Optional<Experts> experts) {
    /// Attention's settings.
    ///
    /// @param scale what a product of a query and a key is multiplied by
    /// @param windows for each layer, how many positions a token sees; 0 for all
    /// @param softcap scores are pressed between `−softcap` and `softcap`; 0 for not at all
    /// @param windowedRope how the layers with a window rotate, if not as the others do
    public record Attending(
            float scale, List<Integer> windows, float softcap, Optional<Rope> windowedRope) {
        public Attending {
            windows = List.copyOf(windows);
        }

        /// Everything before, scaled by `1/√headDim`.
        static Attending toEverything(int layers, int headDim) {
            return new Attending(
                    (float) (1 / Math.sqrt(headDim)),
                    Collections.nCopies(layers, 0),
                    0,
                    Optional.empty());
        }
    }

    /// A mixture of experts.
    ///
    /// @param count experts of a layer
    /// @param chosen experts that a token goes through
    /// @param intermediate width of one expert's MLP
    /// @param normalized the weights of a token's experts add up to 1
    /// @param dense the layers that have an MLP instead
    public record Experts(
            int count, int chosen, int intermediate, boolean normalized, List<Integer> dense) {
        /// @throws IllegalArgumentException if a token is to go through more experts than there are
        public Experts {
            dense = List.copyOf(dense);
            if (count <= 0 || chosen <= 0 || chosen > count || intermediate <= 0) {
                throw new IllegalArgumentException(
                        chosen + " of " + count + " experts of " + intermediate);
            }
        }
    }

    /// A model that attends to everything and has one MLP per layer.
    public ModelConfig(
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
        this(
                architecture,
                hidden,
                layers,
                heads,
                kvHeads,
                headDim,
                intermediate,
                vocabulary,
                normEpsilon,
                tiedEmbeddings,
                attentionBias,
                mlpBias,
                maxPositions,
                rope,
                dtype,
                bosTokenId,
                eosTokenIds,
                Attending.toEverything(layers, headDim),
                0,
                Optional.empty());
    }

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
        if (attending.windows().size() != layers) {
            throw new IllegalArgumentException(
                    attending.windows().size() + " windows of " + layers + " layers");
        }
    }

    /// The mixture of a family that always has one.
    Experts mixture() {
        return experts.orElseThrow(() ->
                new IllegalStateException(architecture + " without experts in its configuration"));
    }

    /// What attention computes in a layer, without sinks.
    public Attention attention(int layer) {
        return new Attention(
                attending.scale, attending.windows.get(layer), attending.softcap, null);
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
