/// What ships with Ingot beside its code: the built-in model, and text of its kind to try it on.
@NullMarked
package dev.ingot.api.builtin;

import org.jspecify.annotations.NullMarked;
