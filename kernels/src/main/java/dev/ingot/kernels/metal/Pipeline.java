package dev.ingot.kernels.metal;

import java.lang.foreign.MemorySegment;

/// A kernel, compiled and specialised, that a [ComputePass] can run.
///
/// @param name the function's, for messages
/// @param id the Metal object, which [MetalLibraries] owns
/// @param maxThreads of a threadgroup: what the registers allow, which may be less than the device's limit
/// @param threadExecutionWidth threads of a simdgroup
/// @param staticThreadgroupBytes threadgroup memory that the function declares itself
record Pipeline(
        String name,
        MemorySegment id,
        int maxThreads,
        int threadExecutionWidth,
        int staticThreadgroupBytes) {}
