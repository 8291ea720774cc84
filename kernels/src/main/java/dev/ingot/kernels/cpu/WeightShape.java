package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import java.util.List;

/// The shape `[out, in]` that matrices have when they are stacked by rows.
record WeightShape(DType dtype, int out, int in) {
    /// @throws IllegalArgumentException if they do not stack, naming `label` and the part
    static WeightShape stacked(String label, List<HostTensor> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException(label + ": no parts");
        }
        HostTensor first = parts.getFirst();
        long out = 0;
        for (HostTensor part : parts) {
            if (part.shape().size() != 2
                    || part.dtype() == DType.I32
                    || part.dtype() != first.dtype()
                    || !part.shape().get(1).equals(first.shape().get(1))) {
                throw new IllegalArgumentException(
                        label + ": " + describe(part) + " does not stack on " + describe(first));
            }
            out += part.shape().getFirst();
        }
        long in = first.shape().get(1);
        // Panels round up; a matrix near the limit would overflow the kernels' 32-bit row numbers.
        if (out < 1 || in < 1 || out > Integer.MAX_VALUE - 64 || in > Integer.MAX_VALUE / 64) {
            throw new IllegalArgumentException(label + ": a matrix of " + out + " × " + in);
        }
        return new WeightShape(first.dtype(), (int) out, (int) in);
    }

    private static String describe(HostTensor part) {
        return part.name() + " " + part.dtype() + part.shape();
    }
}
