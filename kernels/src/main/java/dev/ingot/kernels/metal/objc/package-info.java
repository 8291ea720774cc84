/// Objective-C and Metal, called straight from Java: one method for each selector, nothing decided here.
///
/// [Frameworks][dev.ingot.kernels.metal.objc.Frameworks] finds the entry points, and is the only place that knows the
/// operating system. A method here takes and gives addresses of objects and says who owns them:
///
/// | what | who owns the result | until |
/// | --- | --- | --- |
/// | `new…`, `create…`, [compileOptions][dev.ingot.kernels.metal.objc.MtlLibrary#compileOptions] | the caller | it releases it |
/// | everything else, `NSError`s and strings included | the open [AutoreleasePool][dev.ingot.kernels.metal.objc.AutoreleasePool] | the pool closes |
/// | what a command buffer uses | the command buffer too | it has ended |
///
/// Handles, selectors and the [completion block][dev.ingot.kernels.metal.objc.CompletionBlock] live as long as the JVM.
/// What Objective-C throws cannot be caught here and ends the process: whoever calls has checked the limits.
@NullMarked
package dev.ingot.kernels.metal.objc;

import org.jspecify.annotations.NullMarked;
