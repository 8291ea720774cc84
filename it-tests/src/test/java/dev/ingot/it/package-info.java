/// The whole system as its users and its enemies see it: over HTTP, against goldens, with actors killed under load.
///
/// Two classes run at a time, each in a JVM of its own, but for those that are [Alone][dev.ingot.it.Alone].
@NullMarked
package dev.ingot.it;

import org.jspecify.annotations.NullMarked;
