// From a Metal source to a shared library of the host: preprocessed, translated, compiled by clang, and kept in a cache.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace softmetal {

enum class MathMode { safe = 0, relaxed = 1, fast = 2 };

struct CompileRequest {
    std::string source;
    std::vector<std::pair<std::string, std::string>> macros;
    MathMode math = MathMode::fast; // what Metal does where nothing else is asked for
    unsigned languageVersion = 0;   // (major << 16) + minor; 0: the latest
};

struct Compiled {
    std::string library; // the path of the shared library; empty where the source was refused
    std::string log;     // the diagnostics, as `program_source:line:column: error: ...`
    bool internal = false; // not the source's fault: no compiler, no space
    bool traced = false;   // its kernels tell of every access
};

/// Compiles a source, or finds it in the cache. Safe to call from several threads and processes.
Compiled compile(const CompileRequest &request);


} // namespace softmetal
