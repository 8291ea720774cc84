package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.Attention;
import dev.ingot.engine.ops.Batch;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.ExpertGroups;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.KvCache;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.MatrixBank;
import dev.ingot.engine.ops.Tensor;
import org.jspecify.annotations.Nullable;

/// Turns ops into dispatches.
@SuppressWarnings("UnusedVariable")
final class MetalEncoder implements Encoder {
    private final MetalDevice device;
    private final ComputePass pass;

    MetalEncoder(MetalDevice device, ComputePass pass) {
        this.device = device;
        this.pass = pass;
    }

    @Override
    public void embed(Tensor out, Matrix table, Tensor ids) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void rmsNorm(Tensor out, Tensor x, Tensor weight, float epsilon) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void rmsNormHeads(Tensor x, Tensor weight, float epsilon) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void matmul(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void matmulAdd(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void rope(
            Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies, float magnitude) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void pagedAttention(
            Tensor out, Tensor q, KvCache cache, int layer, Attention attention, Batch batch) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void swiglu(Tensor out, Tensor gateUp) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void clampedSwiglu(Tensor out, Tensor gateUp, float limit, float alpha) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void geglu(Tensor out, Tensor gateUp, Gelu gelu) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void gelu(Tensor out, Tensor x, Gelu gelu) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void relu(Tensor out, Tensor x) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void scale(Tensor x, float factor) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void softcap(Tensor x, float cap) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void add(Tensor out, Tensor x) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void addRows(Tensor out, Tensor table, Tensor rows) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void moeRoute(Tensor ids, Tensor weights, Tensor logits, boolean normalized) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void moeGroup(ExpertGroups groups, Tensor ids) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void moeMatmul(
            Tensor out, Tensor x, MatrixBank w, Tensor starts, @Nullable Tensor biases) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void moeCombine(Tensor out, Tensor y, Tensor places, Tensor weights) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void gatherRows(Tensor out, Tensor x, Tensor rows) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void copyBlocks(KvCache cache, Tensor pairs) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void topK(Tensor ids, Tensor values, Tensor x) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void argmax(Tensor out, Tensor x) {
        throw new UnsupportedOperationException();
    }
}
