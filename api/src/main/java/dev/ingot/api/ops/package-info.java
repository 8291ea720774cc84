/// What operators and their tools ask: is it alive, is it ready, what has it done.
@NullMarked
package dev.ingot.api.ops;

import org.jspecify.annotations.NullMarked;
