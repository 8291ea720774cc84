/// The Metal device on the system's GPU or on the software device: limits, ownership, errors, completion, cost.
@NullMarked
package dev.ingot.kernels.metal;

import org.jspecify.annotations.NullMarked;
