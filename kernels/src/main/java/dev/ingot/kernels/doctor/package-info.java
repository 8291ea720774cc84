/// What `ingot doctor` asks of a device: every kernel at a shape or two, with inputs that are the same everywhere.
///
/// The truth that a result is compared with is the CPU's *portable* kernels: plain C loops without vector
/// instructions, which every machine has, on weights in full where the subject's are quantized. They are
/// not the double-precision oracle of the tests, which stays in test code; they are close enough to it to tell a
/// kernel that is wrong from one that is right.
@NullMarked
package dev.ingot.kernels.doctor;

import org.jspecify.annotations.NullMarked;
