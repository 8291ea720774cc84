/// The GPU as a device: Metal called straight from Java, and kernels in `src/main/metal` that are compiled where they run.
///
/// ```
/// Device.commandBuffer() ── MetalEncoder ── ComputePass ──▶ MTLCommandBuffer, MTLCommandBuffer, …
///    commit ── Submission ──▶ the GPU ── CompletionBlock ──▶ completion, once, when the last has ended
/// ```
///
/// A step is cut into command buffers by [WorkBudget][dev.ingot.kernels.metal.WorkBudget], because macOS ends one that takes the GPU for
/// too long. They run in order on one queue, and nothing waits between them.
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
/// ## When something fails
///
/// [MetalErrors][dev.ingot.kernels.metal.MetalErrors] has what each error of a command buffer means. After one the queue is
/// made anew and has to run a kernel that writes one number before the next step may; a third step that
/// fails in a row means that the device is lost. [MetalDevice#close][dev.ingot.kernels.metal.MetalDevice#close] waits five seconds for a GPU that does
/// not answer.
///
/// ## Where it runs
///
/// On macOS with Apple silicon. On Linux with the software Metal device of `kernels/src/softmetal`, which
/// `-Dingot.metal.library` names: the same Java, the same kernels.
@NullMarked
package dev.ingot.kernels.metal;

import org.jspecify.annotations.NullMarked;
