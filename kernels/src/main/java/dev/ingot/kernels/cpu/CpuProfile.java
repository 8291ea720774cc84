package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Where the time of a device's steps goes, op by op: kept from [CpuDevice#profile] on.
///
/// An op's time is that between the end of the op before it and its own, so the times of a step's ops add
/// up to the step.
public final class CpuProfile {
    private final MemorySegment nanos; // int64_t[longest step]
    private final Map<String, long[]> totals = new HashMap<>(); // calls, nanoseconds
    private long steps;
    private long stepNanos;

    /// Ops of one kind, together.
    ///
    /// @param op its name, with the shape of its matrix
    /// @param calls in all steps
    public record Entry(String op, long calls, long nanos) {}

    CpuProfile(MemorySegment nanos) {
        this.nanos = nanos;
    }

    /// Steps since the profile began or was cleared.
    public long steps() {
        return steps;
    }

    /// Time of these steps, from the first op's beginning to the last one's end.
    public long stepNanos() {
        return stepNanos;
    }

    /// The longest first.
    public List<Entry> entries() {
        return totals.entrySet().stream()
                .map(e -> new Entry(e.getKey(), e.getValue()[0], e.getValue()[1]))
                .sorted(Comparator.comparingLong(Entry::nanos).reversed())
                .toList();
    }

    /// Forgets what was measured.
    public void clear() {
        totals.clear();
        steps = 0;
        stepNanos = 0;
    }

    MemorySegment memory() {
        return nanos;
    }

    /// Adds the step that just ran.
    void add(OpList ops) {
        steps++;
        for (int i = 0; i < ops.count(); i++) {
            long took = nanos.getAtIndex(JAVA_LONG, i);
            long[] total = totals.computeIfAbsent(label(ops.memory(), i), key -> new long[2]);
            total[0]++;
            total[1] += took;
            stepNanos += took;
            nanos.setAtIndex(JAVA_LONG, i, 0);
        }
    }

    private static String label(MemorySegment ops, int index) {
        long at = index * OpLayout.BYTES;
        var code = OpCode.of(ops.get(JAVA_INT, at + OpLayout.CODE));
        return switch (code) {
            case MATMUL, MATMUL_ADD, MATMUL_SWIGLU ->
                    code
                            + " "
                            + ops.get(JAVA_INT, at + OpLayout.MATRIX_OUT_OF_OP)
                            + "×"
                            + ops.get(JAVA_INT, at + OpLayout.MATRIX_IN_OF_OP);
            default -> code.toString();
        };
    }
}
