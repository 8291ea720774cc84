/// Which device is opened by which name.
@NullMarked
package dev.ingot.kernels;

import org.jspecify.annotations.NullMarked;
