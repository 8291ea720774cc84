package dev.ingot.kernels.cpu;

/// How fast one kernel was ([CpuKernelBench]).
///
/// @param kernel and the sizes that it was given
/// @param rows tokens, or sequences where each has one
/// @param nanos of one op
/// @param gigabytes that it reads and writes in a second, each once, in 10⁹
/// @param gigaops operations in a second, in 10⁹; NaN where the kernel is not one of products
/// @param ofLimit the least time that memory or arithmetic needs for it, as a share of the time taken; NaN where its data lies
///     in the caches
public record KernelFigure(
        String kernel, int rows, double nanos, double gigabytes, double gigaops, double ofLimit) {}
