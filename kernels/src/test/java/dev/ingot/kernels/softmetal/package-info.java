/// Tests of the software Metal device, through the same calls that a caller of Metal makes: each rule has a kernel or a call
/// that must be refused, each function of its standard library a kernel that computes with it.
///
/// They need clang-19 on Linux (x86-64) and are skipped, with the reason, where it is missing.
@NullMarked
package dev.ingot.kernels.softmetal;

import org.jspecify.annotations.NullMarked;
