package dev.ingot.kernels.cpu;

/// `INGOT_ARITHMETIC_…`: what the products with a format's weights are made of.
enum Arithmetic {
    FLOAT(0),
    BF16(1),
    EIGHT_BITS(2),
    FOUR_BITS(3);

    private final int code;

    Arithmetic(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
