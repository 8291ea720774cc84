package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Matrix;
import dev.ingot.engine.ops.WeightSource;
import java.util.ArrayList;
import java.util.List;

/// Weights where the kernels read them: the mapped file where its layout is one that they know.
final class MetalMatrix implements Matrix {
    private final MetalDevice owner;
    private final int out;
    private final int in;
    private final List<WeightSlab> slabs;

    private MetalMatrix(MetalDevice owner, int out, int in, List<WeightSlab> slabs) {
        this.owner = owner;
        this.out = out;
        this.in = in;
        this.slabs = slabs;
    }

    /// @throws IllegalArgumentException if the parts do not stack, or are in a format that there is no kernel
    ///     for, naming `label` and the part
    static MetalMatrix of(MetalDevice device, String label, List<? extends WeightSource> rowParts) {
        int out = rows(label, rowParts);
        WeightLoader loader = new WeightLoader(device, label);
        List<WeightSlab> slabs = new ArrayList<>();
        for (WeightSource part : rowParts) {
            long rowBytes = loader.kind(part).rowBytes(part.in());
            for (WeightSource fitting :
                    WeightParts.of(part, rowBytes, device.limits().maxBufferBytes())) {
                slabs.add(loader.load(fitting));
            }
        }
        return new MetalMatrix(device, out, rowParts.getFirst().in(), slabs);
    }

    private static int rows(String label, List<? extends WeightSource> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException(label + ": no parts");
        }
        WeightSource first = parts.getFirst();
        long out = 0;
        for (WeightSource part : parts) {
            if (part instanceof HostTensor tensor && tensor.shape().size() != 2) {
                throw new IllegalArgumentException(
                        label + ": " + tensor.name() + tensor.shape() + " is no matrix");
            }
            if (part.in() != first.in() || !alike(part, first)) {
                throw new IllegalArgumentException(
                        label + ": " + describe(part) + " does not stack on " + describe(first));
            }
            out += part.out();
        }
        if (out < 1 || first.in() < 1 || out > Integer.MAX_VALUE - 64) {
            throw new IllegalArgumentException(label + ": a matrix of " + out + " × " + first.in());
        }
        return (int) out;
    }

    private static boolean alike(WeightSource part, WeightSource first) {
        DType one = part instanceof HostTensor tensor ? tensor.dtype() : null;
        DType other = first instanceof HostTensor tensor ? tensor.dtype() : null;
        return one == other;
    }

    private static String describe(WeightSource part) {
        String kind = part instanceof HostTensor tensor ? " " + tensor.dtype() : "";
        return part.name() + kind + "[" + part.out() + ", " + part.in() + "]";
    }

    MetalDevice owner() {
        return owner;
    }

    @Override
    public int out() {
        return out;
    }

    @Override
    public int in() {
        return in;
    }

    @Override
    public long bytes() {
        long bytes = 0;
        for (WeightSlab slab : slabs) {
            bytes += slab.bytes();
        }
        return bytes;
    }

    /// Its rows in order.
    List<WeightSlab> slabs() {
        return slabs;
    }

    /// Puts the same weights somewhere else; for [MetalMatrixBank].
    void move(int index, WeightSlab slab) {
        slabs.set(index, slab);
    }
}
