#include "compiler.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "../settings.h"
#include "process.h"
#include "translate.h"

namespace softmetal {
namespace {

namespace fs = std::filesystem;

const char *const kSource = "program_source"; // as Metal names it in its messages

/// FNV-1a over two halves: names cache entries, nobody attacks it.
std::string hash(const std::string &text) {
    uint64_t a = 0xcbf29ce484222325ull;
    uint64_t b = 0x84222325cbf29ce4ull;
    for (unsigned char c : text) {
        a = (a ^ c) * 0x100000001b3ull;
        b = (b ^ (c + 0x9eu)) * 0x100000001b3ull;
        b ^= b >> 29;
    }
    char hex[33];
    std::snprintf(hex, sizeof hex, "%016lx%016lx", static_cast<unsigned long>(a), static_cast<unsigned long>(b));
    return hex;
}

/// What a compiled library depends on beside its source: the translator, which is this library, its headers and the processor.
const std::string &environmentKey() {
    static const std::string key = [] {
        std::string all = readFile(libraryPath());
        std::vector<fs::path> headers;
        for (const auto &entry : fs::directory_iterator(libraryFolder() + "/include/softmetal")) {
            headers.push_back(entry.path());
        }
        std::sort(headers.begin(), headers.end());
        for (const fs::path &header : headers) {
            all += readFile(header.string());
        }
        std::string cpu = readFile("/proc/cpuinfo");
        size_t flags = cpu.find("\nflags");
        all += flags == std::string::npos ? "" : cpu.substr(flags, cpu.find('\n', flags + 1) - flags);
        return hash(all);
    }();
    return key;
}

std::string cacheFolder() {
    std::string folder = setting("CACHE");
    if (folder.empty()) {
        const char *temporary = std::getenv("TMPDIR");
        folder = std::string(temporary != nullptr ? temporary : "/tmp") + "/softmetal-" + std::to_string(getuid());
    }
    return folder;
}

std::string compiler() {
    std::string name = setting("CLANG");
    return name.empty() ? "clang++-19" : name;
}

std::vector<std::string> languageFlags() {
    // Metal 3 is C++14 with if constexpr, folds and structured bindings: what clang calls extensions of C++14.
    return {"-x", "c++", "-std=c++14", "-nostdinc", "-nostdinc++", "-Wno-everything"};
}

std::vector<std::string> scanFlags(const CompileRequest &request) {
    unsigned version = request.languageVersion == 0 ? (3u << 16) + 1 : request.languageVersion;
    std::vector<std::string> flags = languageFlags();
    flags.insert(flags.end(), {"-E", "-isystem", libraryFolder() + "/include", "-D__METAL__=1", "-D__METAL_MACOS__=1",
                               "-D__SOFTMETAL__=1",
                               "-D__METAL_VERSION__=" + std::to_string((version >> 16) * 100 + (version & 0xffff) * 10)});
    for (const auto &[name, value] : request.macros) {
        flags.push_back("-D" + name + "=" + value);
    }
    return flags;
}

std::vector<std::string> buildFlags(const CompileRequest &request, bool memcheck) {
    std::vector<std::string> flags = languageFlags();
    flags.insert(flags.end(),
                 {"-fPIC", "-march=native", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics",
                  "-fstack-clash-protection", /* a large frame must not step over the guard page */
                  "-fvisibility=hidden", "-fno-math-errno", "-fdenormal-fp-math=preserve-sign",
                  "-Xclang", "-ffloat16-excess-precision=none", "-Xclang",
                  "-fbfloat16-excess-precision=none", "-ffp-contract=on", "-fno-stack-protector",
                  "-Werror=vla", "-Werror=vla-extension", "-Werror=double-promotion", "-Werror=return-type",
                  "-Werror=uninitialized", "-Werror=array-bounds", "-Werror=division-by-zero", "-Werror=conversion-null",
                  "-Werror=shift-count-overflow", "-Werror=undefined-internal", "-fno-caret-diagnostics", "-fno-color-diagnostics"});
    if (memcheck) {
        flags.insert(flags.end(), {"-O1", "-fno-vectorize", "-fno-slp-vectorize", "-DSOFTMETAL_MEMCHECK=1",
                                   "-fsanitize-coverage=func,inline-8bit-counters,trace-loads,trace-stores"});
    } else {
        flags.push_back("-O2");
    }
    switch (request.math) {
        case MathMode::safe: break;
        case MathMode::relaxed: flags.insert(flags.end(), {"-funsafe-math-optimizations"}); break;
        case MathMode::fast: flags.insert(flags.end(), {"-ffast-math"}); break;
    }
    std::string more = setting("FLAGS");
    for (size_t at = 0; at < more.size();) {
        size_t end = std::min(more.find(' ', at), more.size());
        if (end > at) {
            flags.push_back(more.substr(at, end - at));
        }
        at = end + 1;
    }
    flags.insert(flags.end(), {"-isystem", libraryFolder() + "/include", "-include", "softmetal/msl.h"});
    return flags;
}

std::string excerpt(const std::vector<std::string> &lines, int line, int column) {
    if (line < 1 || static_cast<size_t>(line) > lines.size()) {
        return "";
    }
    return lines[static_cast<size_t>(line) - 1] + "\n" + std::string(static_cast<size_t>(std::max(column - 1, 0)), ' ') + "^\n";
}

std::string diagnostic(const std::vector<std::string> &lines, int line, int column, const std::string &text) {
    return std::string(kSource) + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + text + "\n" +
           excerpt(lines, line, column);
}

/// Clang's messages about the translation, with the columns of the source. One about our headers (a static_assert of
/// a vector's construction, say) is put where the source asked for it, which the notes that follow tell.
std::string retold(const std::string &log, const Translation &translation, const std::string &source) {
    std::vector<std::string> lines = linesOf(source);
    std::string told;
    std::string pending;
    for (const std::string &message : linesOf(log)) {
        char file[512];
        int line, column, used = 0;
        if (std::sscanf(message.c_str(), "%511[^:]:%d:%d: %n", file, &line, &column, &used) < 3 || used == 0) {
            continue;
        }
        std::string text = message.substr(static_cast<size_t>(used));
        bool error = text.compare(0, 6, "error:") == 0 || text.compare(0, 12, "fatal error:") == 0;
        bool ours = std::string(file) == kSource;
        if (!ours) {
            if (error) {
                if (!pending.empty()) {
                    told += std::string(kSource) + ": " + pending + "\n";
                }
                pending = text;
            }
            continue;
        }
        int place = std::max(translation.sourceColumn(line, column), 1);
        if (!pending.empty()) {
            told += diagnostic(lines, line, place, pending);
            pending.clear();
        } else {
            told += diagnostic(lines, line, place, text);
        }
    }
    if (!pending.empty()) {
        told += std::string(kSource) + ": " + pending + "\n";
    }
    return told;
}

std::string refusals(const Translation &translation, const std::string &source) {
    std::vector<std::string> lines = linesOf(source);
    std::string told;
    for (const Diagnostic &d : translation.refused) {
        told += diagnostic(lines, d.line, d.column, "error: " + d.message);
    }
    return told;
}

struct Scratch {
    explicit Scratch(const std::string &parent) {
        std::string name = parent + "/new-XXXXXX";
        path = mkdtemp(name.data()) != nullptr ? name : "";
    }
    ~Scratch() {
        std::error_code ignored;
        if (!path.empty()) {
            fs::remove_all(path, ignored);
        }
    }
    std::string path;
};

Compiled internalError(const std::string &log) {
    Compiled failed;
    failed.log = log;
    failed.internal = true;
    return failed;
}

} // namespace

Compiled compile(const CompileRequest &request) {
    static std::mutex one; // two threads need not compile the same source; two processes may, and the last one wins
    std::lock_guard<std::mutex> lock(one);
    auto begin = std::chrono::steady_clock::now();
    Compiled compiled;
    compiled.memcheck = settingOn("MEMCHECK");
    std::vector<std::string> scan = scanFlags(request);
    std::vector<std::string> build = buildFlags(request, compiled.memcheck);
    std::string key = environmentKey() + "\n" + compiler() + "\n" + request.source;
    for (const auto *flags : {&scan, &build}) {
        for (const std::string &flag : *flags) {
            key += "\n" + flag;
        }
    }
    std::string cache = cacheFolder();
    std::error_code failed;
    fs::create_directories(cache, failed);
    std::string entry = cache + "/" + hash(key);
    std::string library = entry + "/kernels.so";
    if (access(library.c_str(), R_OK) == 0) {
        compiled.library = library;
        return compiled;
    }
    Scratch scratch(cache);
    if (scratch.path.empty() || !writeFile(scratch.path + "/" + kSource, request.source)) {
        return internalError("softmetal: cannot write into " + cache + " (SOFTMETAL_CACHE names another folder)");
    }

    std::string log;
    std::vector<std::string> command = {compiler()};
    command.insert(command.end(), scan.begin(), scan.end());
    command.insert(command.end(), {kSource, "-o", "scanned.ii"});
    int status = runProgram(command, scratch.path, &log);
    if (status == 127) {
        return internalError("softmetal: " + log + ": install clang-19 (Debian: apt install clang-19) or name it in SOFTMETAL_CLANG");
    }
    if (status != 0) {
        compiled.log = log;
        return compiled;
    }
    Translation translation(readFile(scratch.path + "/scanned.ii"), request.source);
    compiled.log = refusals(translation, request.source);
    if (!compiled.log.empty()) {
        return compiled;
    }
    writeFile(scratch.path + "/translated.cpp", "# 1 \"" + std::string(kSource) + "\"\n" + translation.text);

    log.clear();
    command = {compiler()};
    command.insert(command.end(), build.begin(), build.end());
    // No start files and no C++ library: a kernel library is code, constants and a table. libm, libc and libgcc are for what
    // the compiler calls by itself; the soname finds the libsoftmetal that is loaded already.
    command.insert(command.end(), {"translated.cpp", "-x", "none", "-shared", "-nostdlib", "-nostartfiles",
                                   libraryPath(), "-lm", "-lc", "-lgcc", "-Wl,-z,defs", "-o", "kernels.so"});
    status = runProgram(command, scratch.path, &log);
    if (status != 0) {
        compiled.log = retold(log, translation, request.source);
        if (compiled.log.empty()) {
            compiled.log = std::string(kSource) + ": error: clang failed with status " + std::to_string(status) + ":\n" + log;
        }
        return compiled;
    }
    if (rename(scratch.path.c_str(), entry.c_str()) != 0 && access(library.c_str(), R_OK) != 0) {
        return internalError("softmetal: cannot move a compiled library into " + cache);
    }
    compiled.library = library;
    if (settingOn("VERBOSE")) {
        auto millis = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
        std::fprintf(stderr, "softmetal: compiled %zu bytes of MSL in %.0f ms into %s\n", request.source.size(), millis,
                     entry.c_str());
    }
    return compiled;
}

} // namespace softmetal
