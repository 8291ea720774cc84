/// What every command of the command line shares: where it writes, how it refuses, and the tables that it prints.
@NullMarked
package dev.ingot.api.console;

import org.jspecify.annotations.NullMarked;
