/// The one door to native code: devices that compute, behind [Device][dev.ingot.engine.ops.Device].
///
/// [Devices][dev.ingot.kernels.Devices] opens one by name. `cpu` is C kernels on the cores of this
/// machine; see `dev.ingot.kernels.cpu`. `metal` is the GPU of Apple silicon, and on Linux the software
/// Metal device that stands in for one; see `dev.ingot.kernels.metal`.
@NullMarked
package dev.ingot.kernels;

import org.jspecify.annotations.NullMarked;
