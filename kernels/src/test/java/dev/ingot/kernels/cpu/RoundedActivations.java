package dev.ingot.kernels.cpu;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.ReferenceDevice;

/// What is to be expected of the CPU's integer kernels.
public final class RoundedActivations {
    private static final int USUAL_GROUP = 32;

    private RoundedActivations() {}

    /// A device in double precision, but for one thing: rows that meet quantized weights are rounded to 8 bits, in the
    /// groups in which the CPU rounds them. It differs from an exact device by what that rounding costs, and from
    /// the CPU by the chance of single roundings, each of which changes all that follow it.
    public static Device asOnTheCpu() {
        return ReferenceDevice.roundingActivations(
                parts -> PackedFormat.of("weights", parts).group());
    }

    /// The same where the weights are full, too: a measure for what does not round.
    public static Device everywhere() {
        return ReferenceDevice.roundingActivations(
                parts -> Math.min(USUAL_GROUP, Integer.lowestOneBit(parts.getFirst().in())));
    }
}
