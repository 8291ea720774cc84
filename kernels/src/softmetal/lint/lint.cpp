#include "lint.h"

#include <cstdio>
#include <filesystem>

#include "../msl/process.h"
#include "../objc/runtime.h"

namespace softmetal {
namespace {

/// One run of clang over the translated source.
struct Clang {
    const std::string &folder;
    const Translation &translation;
    const std::string &source;

    /// What it complains about; empty where it does not.
    std::string run(const std::string &what, std::vector<std::string> flags) const {
        std::vector<std::string> command = {clang()};
        for (const auto &more : {languageFlags(), strictFlags(), flags, libraryFlags()}) {
            command.insert(command.end(), more.begin(), more.end());
        }
        command.push_back("translated.cpp");
        std::string log;
        int status = runProgram(command, folder, &log);
        if (status == 0) {
            return "";
        }
        std::string told = retold(log, translation, source);
        return what + ":\n" + (told.empty() ? log : told);
    }
};

std::vector<std::string> with(std::vector<std::string> flags, const std::vector<std::string> &more) {
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
}

} // namespace

std::string lint(const std::string &source, const std::string &ptx) {
    std::error_code ignored;
    Scratch scratch(std::filesystem::temp_directory_path(ignored).string());
    CompileRequest request;
    request.source = source;
    request.languageVersion = (3u << 16) + 1;
    Translated translated = translate(request, scratch.path);
    if (translated.translation == nullptr) {
        return translated.log;
    }
    std::string found;
    std::vector<std::string> lines = linesOf(source);
    for (const Diagnostic &d : profileFindings(tokenize(readFile(scratch.path + "/scanned.ii"), source))) {
        found += diagnostic(lines, d.line, d.column < 1 ? 1 : d.column, "error: " + d.message);
    }
    Clang clang{scratch.path, *translated.translation, source};
    found += clang.run("strict", with(arithmeticFlags(MathMode::safe), {"-march=native", "-fsyntax-only"}));
    if (!found.empty()) {
        return found; // the rest would say the same in other words
    }
    found += clang.run("fast math", with(arithmeticFlags(MathMode::fast),
                                         {"-fsyntax-only", "-Wnan-infinity-disabled", "-Werror=nan-infinity-disabled"}));
    // In the terms of a GPU: the host's calling convention hides what a kernel's own types are.
    std::vector<std::string> gpu = {"--target=nvptx64-nvidia-cuda", "-march=sm_90", "-Xclang", "-target-feature", "-Xclang",
                                    "+ptx83", "-Xclang", "-fconvergent-functions", "-S"};
    gpu = with(arithmeticFlags(MathMode::safe), gpu);
    found += clang.run("another GPU", with(gpu, {"-O1", "-Xclang", "-disable-llvm-passes", "-emit-llvm", "-o", "plain.ll"}));
    if (!found.empty()) {
        return found;
    }
    found += clang.run("another GPU", with(gpu, {"-O2", "-emit-llvm", "-o", "inlined.ll"}));
    for (const std::string &finding : irFindings(readFile(scratch.path + "/plain.ll"), readFile(scratch.path + "/inlined.ll"))) {
        found += "program_source: error: " + finding + "\n";
    }
    std::string output = ptx.empty() ? scratch.path + "/kernels.ptx" : std::filesystem::absolute(ptx, ignored).string();
    std::vector<std::string> nvptx = with(gpu, {"-O2", "-gline-tables-only", "-o", output});
    const char *libdevice = std::getenv("SOFTMETAL_LIBDEVICE");
    if (!ptx.empty() && libdevice != nullptr) {
        // The functions of mathematics: only PTX that is to run needs them.
        nvptx = with(nvptx, {"-Xclang", "-mlink-builtin-bitcode", "-Xclang", libdevice});
    }
    found += clang.run("another GPU", nvptx);
    return found;
}

} // namespace softmetal

/// Findings of the lint about a source, copied into `text`; their length. `ptx` may be null, or the file for the PTX.
SOFTMETAL_API long softmetal_lint(const char *source, const char *ptx, char *text, long bytes) {
    std::string found = softmetal::lint(source, ptx == nullptr ? "" : ptx);
    if (bytes > 0) {
        std::snprintf(text, static_cast<size_t>(bytes), "%s", found.c_str());
    }
    return static_cast<long>(found.size());
}
