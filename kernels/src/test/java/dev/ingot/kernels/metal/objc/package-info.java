/// Tests of the Objective-C binding.
@NullMarked
package dev.ingot.kernels.metal.objc;

import org.jspecify.annotations.NullMarked;
