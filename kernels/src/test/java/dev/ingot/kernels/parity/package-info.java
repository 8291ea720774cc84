/// The same cases for every device: random inputs, what ops make of them, and how far that may be from
/// the oracle's.
@NullMarked
package dev.ingot.kernels.parity;

import org.jspecify.annotations.NullMarked;
