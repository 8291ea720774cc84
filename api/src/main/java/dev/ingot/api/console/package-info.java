/// What the commands of the command line share: where they write, how they refuse, the flags that say what computes, and
/// the tables that they print.
@NullMarked
package dev.ingot.api.console;

import org.jspecify.annotations.NullMarked;
