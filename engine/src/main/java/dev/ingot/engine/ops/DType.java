package dev.ingot.engine.ops;

/// The type of one stored element.
public enum DType {
    F32(32),
    F16(16),
    BF16(16),
    I32(32),
    /// K and V only: an integer times a scale for every position's head.
    I8(8);

    private final int bits;

    DType(int bits) {
        this.bits = bits;
    }

    /// Size of one element in bits.
    public int bits() {
        return bits;
    }

    /// Size of `elements` elements in bytes.
    ///
    /// @throws ArithmeticException if the product overflows
    public long bytes(long elements) {
        return Math.multiplyExact(elements, (long) bits) / Byte.SIZE;
    }
}
