/// The CPU as a device: C kernels behind one narrow header, `src/main/native/include/ingot_cpu.h`.
///
/// A step is recorded by [CpuEncoder][dev.ingot.kernels.cpu.CpuEncoder] as an array of op descriptors in native memory,
/// and run by one downcall in which a team of native threads, the caller among them, walks through it. The caller is
/// the thread of `CpuQueue`, which takes two steps. An op is shared item by item, and nobody is waited for who holds no
/// item: a thread that the system took off its core costs no more than its own work. Recording allocates nothing.
///
/// ## Who owns which memory
///
/// | memory | opened by | closed by | thread |
/// | --- | --- | --- | --- |
/// | probe library, its handles | `CpuFeatures`, first use | never | any |
/// | a variant's library, its handles | `NativeLibrary`, first use of the variant | never | any |
/// | thread team and its scratch | `CpuDevice.open` | `CpuDevice.close` | the queue's |
/// | areas of packed weights, many in one | `CpuDevice`, at load | `CpuDevice.close` | the worker's |
/// | buffers, KV cache | `CpuDevice`, at load | `CpuDevice.close` | the worker's |
/// | op descriptors of two steps, at the limit | `CpuDevice.open` | `CpuDevice.close` | the worker's |
/// | a few bytes for one call | the method | the method (confined arena) | the caller's |
///
/// What the device hands out is a view that throws [IllegalStateException] after
/// [CpuDevice#close][dev.ingot.kernels.cpu.CpuDevice#close].
///
/// ## Quantized weights
///
/// Every quantized source is repacked once, at load, value for value, into panels of 4- or 8-bit levels with a scale
/// and a bias for every group of 16, 32 or 64 inputs; [PackedFormat][dev.ingot.kernels.cpu.PackedFormat] has the table
/// of what that takes. They are multiplied in integers: a row of activations is quantized to 8 bits by the same groups
/// first. What that adds to the error, against the double-precision product with the same weights, for normally
/// distributed activations and 1024 inputs (`QuantizedTest`, 2026-11-21): a root mean square of 0.47 % of the results'
/// with groups of 16, 0.52 to 0.55 % with 32, 0.57 to 0.61 % with 64.
///
/// With fast numerics, where the processor multiplies pairs of BF16 (`avx512bf16`, `amxbf16`), activations are rounded to
/// BF16 for weights in BF16, which adds 0.16 to 0.17 % by the same measure (`MatmulTest`); the other variants take them as
/// they are. So does `amx`, whose matrix unit knows only pairs of BF16, too: a float is the sum of three of them, and is
/// multiplied as three. What it adds up is as exact as sums in F32 are, and a prompt takes half of the time that it takes
/// in F32. Weights that are subnormal numbers, below 1.2e-38, count as zero where pairs are multiplied, and with `amx` one
/// that is infinite makes a NaN.
///
/// K and V may be kept in 8 bits too, with a scale for every position's head: 2 · headDim + 8 bytes where
/// F16 takes 4 · headDim; each element moves by at most 1/254 of its head's largest.
///
/// ## Building, and which library is chosen
///
/// The Maven build calls `src/main/native/build.sh`, which compiles the same sources once per variant
/// with `cc` (or `$CC`) into `dev/ingot/kernels/native/<os>-<arch>/` of the jar:
///
/// | architecture | variants, best first |
/// | --- | --- |
/// | x86-64 | `amx` (AVX-512 as below with BF16, AMX with INT8 and BF16; `amxbf16` with fast numerics), `avx512` (F, BW, DQ, VL, CD, VNNI; `avx512bf16` with fast numerics), `avx2` (with FMA and F16C), `portable` |
/// | aarch64 | `i8mm`, `dotprod`, `neon`, `portable` |
/// | any other | `portable` |
///
/// At load a small library of the baseline asks the CPU what it can run, and the first variant that it
/// can is taken. `-Dingot.cpu.variant=avx2` takes another; one that the CPU cannot run is refused.
/// Variants may differ in the last bits: the variant is part of the device's numeric class.
@NullMarked
package dev.ingot.kernels.cpu;

import org.jspecify.annotations.NullMarked;
