// Broken rules of the API. On a Mac most of them end the process, by an exception or an assertion of the validation
// layer; here too, unless the setting VALIDATION is "count".
#pragma once

#include <string>

namespace softmetal {

/// Counts a broken rule, prints it, and aborts the process unless violations are only counted.
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// A kernel that did what no kernel may: counted and printed; its command buffer fails.
void kernelFault(const std::string &message);

long violations();
long kernelFaults();
void resetValidation();

/// Has the process say at its end how many objects of Metal it left over and how many rules it broke, unless violations
/// are only counted: who counts them tells of them.
void tellAtExit();

} // namespace softmetal
