/// The GPU as a device: Metal called straight from Java, and kernels in `src/main/metal` that are compiled where they run.
///
/// ```
/// Device.commandBuffer() ── MetalEncoder ── ComputePass ──▶ MTLCommandBuffer, MTLCommandBuffer, …
///    commit ── Submission ──▶ the GPU ── CompletionBlock ──▶ completion, once, when the last has ended
/// ```
///
/// A step is cut into command buffers by [WorkBudget][dev.ingot.kernels.metal.WorkBudget], because macOS ends one that
/// takes the GPU for too long. They run in order on one queue, and nothing waits between them.
///
/// ## Who owns which memory
///
/// | memory | made by | given back by | thread |
/// | --- | --- | --- | --- |
/// | GPU, queue | `MetalDevice.open` | `MetalDevice.close` | the worker's |
/// | buffers, weights, KV cache | `MetalMemory`, at load | `MetalDevice.close`; Metal keeps what it still uses | the worker's |
/// | mapped weights | the checkpoint | the checkpoint, after the device has closed | |
/// | libraries, pipelines | `MetalLibraries`, first use | `MetalDevice.close` | the worker's |
/// | command buffers of a step | `ComputePass` | `Submission`, when the last has ended | the worker's, then Metal's |
/// | what Metal lends during a step | Metal | the pool of the step | the worker's |
///
/// ## Numerics
///
/// Exact ones (the default) have one order of sums for an output, whatever else is in its step: `matmul.h` and
/// `attention.h` keep it for one row as for many. Fast ones take `gemm.h` for more than eight rows and `flash.h` where
/// a sequence has eight new tokens or more: simdgroup matrices, which read weights, K and V once for more rows, and add
/// up in an order of their own. They are a part of the numeric class, so that no stream goes on from one to the other
/// unnoticed. On which GPU they gain what, `ingot doctor` tells.
///
/// ## When something fails
///
/// [MetalErrors][dev.ingot.kernels.metal.MetalErrors] has what each error of a command buffer means. After one the
/// queue is made anew and has to run a kernel that writes one number before the next step may; a third step that fails
/// in a row means that the device is lost. [MetalDevice#close][dev.ingot.kernels.metal.MetalDevice#close] waits five
/// seconds for a GPU that does not answer.
///
/// ## Where it runs
///
/// On macOS with Apple silicon. On Linux with the software Metal device of `kernels/src/softmetal`, which
/// `-Dingot.metal.library` names: the same Java, the same kernels.
@NullMarked
package dev.ingot.kernels.metal;

import org.jspecify.annotations.NullMarked;
