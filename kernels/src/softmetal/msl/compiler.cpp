#include "compiler.h"

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
#include "toolchain.h"

namespace softmetal {
namespace {

namespace fs = std::filesystem;

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

std::vector<std::string> buildFlags(const CompileRequest &request, bool traced) {
    std::vector<std::string> flags = languageFlags();
    auto add = [&flags](const std::vector<std::string> &more) { flags.insert(flags.end(), more.begin(), more.end()); };
    add({"-fPIC", "-march=native", "-fvisibility=hidden", "-fno-stack-protector",
         "-fstack-clash-protection", /* a large frame must not step over the guard page */
         "-Xclang", "-ffloat16-excess-precision=none", "-Xclang", "-fbfloat16-excess-precision=none"});
    add(strictFlags());
    if (traced) {
        add({"-O1", "-fno-vectorize", "-fno-slp-vectorize", "-DSOFTMETAL_TRACED=1",
             "-fsanitize-coverage=func,inline-8bit-counters,trace-loads,trace-stores",
             "-mllvm", "-disable-loop-idiom-all" /* a loop that became a memcpy would not be seen */});
    } else {
        add({"-O2"});
    }
    add(arithmeticFlags(request.math));
    std::string more = setting("FLAGS");
    for (size_t at = 0; at < more.size();) {
        size_t end = std::min(more.find(' ', at), more.size());
        if (end > at) {
            flags.push_back(more.substr(at, end - at));
        }
        at = end + 1;
    }
    add(libraryFlags());
    return flags;
}

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
    compiled.traced = settingOn("MEMCHECK") || settingOn("HAZARDS") || !setting("RECORD").empty();
    std::vector<std::string> scan = scanFlags(request);
    std::vector<std::string> build = buildFlags(request, compiled.traced);
    std::string key = environmentKey() + "\n" + clang() + "\n" + request.source;
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
    Translated translated = translate(request, scratch.path);
    if (translated.internal) {
        return internalError(translated.log);
    }
    if (translated.translation == nullptr) {
        compiled.log = translated.log;
        return compiled;
    }

    std::string log;
    std::vector<std::string> command = {clang()};
    command.insert(command.end(), build.begin(), build.end());
    // No start files and no C++ library: a kernel library is code, constants and a table. libm, libc and libgcc are for what
    // the compiler calls by itself; the soname finds the libsoftmetal that is loaded already.
    command.insert(command.end(), {"translated.cpp", "-x", "none", "-shared", "-nostdlib", "-nostartfiles",
                                   libraryPath(), "-lm", "-lc", "-lgcc", "-Wl,-z,defs", "-o", "kernels.so"});
    int status = runProgram(command, scratch.path, &log);
    if (status != 0) {
        compiled.log = retold(log, *translated.translation, request.source);
        if (compiled.log.empty()) {
            compiled.log = "program_source: error: clang failed with status " + std::to_string(status) + ":\n" + log;
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
