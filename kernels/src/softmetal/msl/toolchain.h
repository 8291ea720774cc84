// What every use of a Metal source begins with: the preprocessor, the translation, and clang's messages told in its terms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler.h"
#include "translate.h"

namespace softmetal {

/// A folder that is gone when this is; `path` is empty where it could not be made.
struct Scratch {
    explicit Scratch(const std::string &parent);
    ~Scratch();
    std::string path;
};

/// Clang, by the setting or its usual name.
std::string clang();
std::vector<std::string> languageFlags();
std::vector<std::string> scanFlags(const CompileRequest &request);
/// Where the standard library of Metal is found.
std::vector<std::string> libraryFlags();
/// How a kernel's arithmetic is compiled for a math mode, on every target.
std::vector<std::string> arithmeticFlags(MathMode math);
/// What is an error though C++ allows it.
std::vector<std::string> strictFlags();

/// A source on its way: `translation` is null where it was refused, and `log` says why.
struct Translated {
    std::unique_ptr<Translation> translation;
    std::string log;
    bool internal = false; // not the source's fault
};
/// Leaves the files `program_source`, `scanned.ii` and `translated.cpp` in `folder`.
Translated translate(const CompileRequest &request, const std::string &folder);

/// `program_source:line:column: text` with the line itself and a mark below its column.
std::string diagnostic(const std::vector<std::string> &lines, int line, int column, const std::string &text);
/// Clang's messages about `translated.cpp`, at their places in the source.
std::string retold(const std::string &log, const Translation &translation, const std::string &source);

} // namespace softmetal
