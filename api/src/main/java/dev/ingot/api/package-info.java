/// The server: its routes, its listener and what it is configured with.
@NullMarked
package dev.ingot.api;

import org.jspecify.annotations.NullMarked;
