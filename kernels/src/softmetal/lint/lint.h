// The lint of kernels: what the compiler of the software device lets pass, and a Mac, its fast math or another GPU would not.
#pragma once

#include <string>
#include <vector>

#include "../msl/toolchain.h"

namespace softmetal {

/// Rules of the kernels' profile of the language that can be read off the tokens of a preprocessed source.
std::vector<Diagnostic> profileFindings(const std::vector<Token> &tokens);

/// What LLVM's representation of a translated source shows, one line each: `inlined` was optimised, `plain` was not.
std::vector<std::string> irFindings(const std::string &plain, const std::string &inlined);

/// All findings about a source, as the compiler's messages are written; empty where there is none. Every kernel is compiled
/// with every template instantiation that its source names. `ptx`, if not empty, is the path that the PTX is written to.
std::string lint(const std::string &source, const std::string &ptx);

} // namespace softmetal
