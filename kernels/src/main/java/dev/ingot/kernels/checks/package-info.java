/// What every device asks of an op's arguments before it records it.
@NullMarked
package dev.ingot.kernels.checks;

import org.jspecify.annotations.NullMarked;
