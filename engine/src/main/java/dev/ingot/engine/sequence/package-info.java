/// A sequence is one token timeline of a request: its prompt, then the tokens sampled for it.
@NullMarked
package dev.ingot.engine.sequence;

import org.jspecify.annotations.NullMarked;
