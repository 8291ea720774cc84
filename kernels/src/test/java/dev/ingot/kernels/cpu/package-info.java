/// The CPU's kernels against the double-precision oracle, and against themselves bit for bit.
@NullMarked
package dev.ingot.kernels.cpu;

import org.jspecify.annotations.NullMarked;
