package dev.ingot.engine.ops;

/// What a device may choose freely when it computes a step.
public enum Numerics {
    /// Every output has one order of sums: the bits of a row do not depend on what else is in its step, nor on how a
    /// prompt was cut. The same request gives the same tokens, whatever happens to it.
    EXACT,
    /// The device takes what is fastest. The CPU rounds activations to BF16 for weights in BF16 where that gains
    /// something, and company still changes nothing. Metal takes other kernels for many rows than for few: the same request
    /// may give other tokens in other company, or when it is continued elsewhere.
    FAST;

    /// By the name that a user knows it by.
    ///
    /// @throws IllegalArgumentException if it is neither `exact` nor `fast`
    public static Numerics named(String name) {
        return switch (name) {
            case "exact" -> EXACT;
            case "fast" -> FAST;
            default ->
                    throw new IllegalArgumentException(
                            "numerics '" + name + "', expected exact or fast");
        };
    }
}
