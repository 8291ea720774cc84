package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ingot.engine.ops.DeviceException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Indices out of their tables that the kernels met in a step.
///
/// A kernel that follows an index (a token's, a slot's, a block's) looks at it first. One that is outside it
/// reports into a word of shared memory, and does without: `report` in `common.h`.
final class MetalFaults {
    /// Where every such kernel finds the word.
    static final int BUFFER = 30;

    private static final int LAST_OP = 0x0fffffff;
    private static final int KIND_BITS = 4;
    private static final List<String> KINDS =
            List.of("index", "token id", "row", "slot", "block", "expert", "position");

    private final MetalBuffer word;
    private final List<String> ops = new ArrayList<>();

    private MetalFaults(MetalBuffer word) {
        this.word = word;
    }

    static MetalFaults of(MetalDevice device) {
        return new MetalFaults(device.allocate("faults", Integer.BYTES));
    }

    /// Forgets what was found; before a step.
    void clear() {
        ops.clear();
        word.contents().set(JAVA_INT, 0, 0);
    }

    /// Numbers an op of the step, for what its kernels report.
    int number(String op) {
        ops.add(op);
        return ops.size() - 1;
    }

    MetalBuffer word() {
        return word;
    }

    /// What the first op of the step that met one says, or null.
    @Nullable DeviceException found() {
        int report = word.contents().get(JAVA_INT, 0);
        if (report == 0) {
            return null;
        }
        int op = LAST_OP - (report >>> KIND_BITS);
        int kind = report & ((1 << KIND_BITS) - 1);
        String what = kind < KINDS.size() ? KINDS.get(kind) : KINDS.getFirst();
        String name = op >= 0 && op < ops.size() ? ops.get(op) : "?";
        return new DeviceException(
                DeviceException.Kind.PAGE_FAULT,
                "op " + op + ", " + name + ": a " + what + " outside of its table");
    }
}
