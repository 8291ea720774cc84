/// The whole system as its users and its enemies see it: over HTTP, against goldens, with actors killed under load.
@NullMarked
package dev.ingot.it;

import org.jspecify.annotations.NullMarked;
