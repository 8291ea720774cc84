package dev.ingot.engine.ops;

/// What a device is, for logs, for sizing and for the numeric class.
///
/// @param kind `cpu` or `metal`
/// @param name the hardware's own name
/// @param variant which kernels run: `avx2`, `avx512`, `neon`, `apple9`, …; and whether their numerics are fast
/// @param threads threads that compute; 1 where the hardware schedules itself
/// @param workingSetBytes memory that weights, KV cache and scratch may fill together
/// @param numericClass two devices of the same class give the same bits for the same step
public record DeviceInfo(
        String kind,
        String name,
        String variant,
        int threads,
        long workingSetBytes,
        String numericClass) {}
