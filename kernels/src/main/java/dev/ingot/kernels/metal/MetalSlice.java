package dev.ingot.kernels.metal;

/// Where some weights begin in a buffer.
///
/// @param offset in bytes
record MetalSlice(MetalBuffer buffer, long offset) {}
