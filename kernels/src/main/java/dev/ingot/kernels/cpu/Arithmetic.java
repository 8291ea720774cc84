package dev.ingot.kernels.cpu;

/// `INGOT_ARITHMETIC_…`: what the products with a format's weights are made of.
enum Arithmetic {
    FLOAT,
    BF16,
    EIGHT_BITS,
    FOUR_BITS
}
