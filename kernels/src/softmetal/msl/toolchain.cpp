#include "toolchain.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "../settings.h"
#include "process.h"

namespace softmetal {
namespace {

const char *const kSource = "program_source"; // as Metal names it in its messages

std::string excerpt(const std::vector<std::string> &lines, int line, int column) {
    if (line < 1 || static_cast<size_t>(line) > lines.size()) {
        return "";
    }
    return lines[static_cast<size_t>(line) - 1] + "\n" + std::string(static_cast<size_t>(std::max(column - 1, 0)), ' ') + "^\n";
}

std::string refusals(const Translation &translation, const std::string &source) {
    std::vector<std::string> lines = linesOf(source);
    std::string told;
    for (const Diagnostic &d : translation.refused) {
        told += diagnostic(lines, d.line, d.column, "error: " + d.message);
    }
    return told;
}

} // namespace

std::string clang() {
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

std::vector<std::string> libraryFlags() {
    return {"-isystem", libraryFolder() + "/include", "-include", "softmetal/msl.h"};
}

std::vector<std::string> arithmeticFlags(MathMode math) {
    std::vector<std::string> flags = {"-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-math-errno",
                                      "-fdenormal-fp-math=preserve-sign", "-ffp-contract=on"};
    switch (math) {
        case MathMode::safe: break;
        case MathMode::relaxed: flags.push_back("-funsafe-math-optimizations"); break;
        case MathMode::fast: flags.push_back("-ffast-math"); break;
    }
    return flags;
}

std::vector<std::string> strictFlags() {
    return {"-Werror=vla", "-Werror=vla-extension", "-Werror=double-promotion", "-Werror=return-type",
            "-Werror=uninitialized", "-Werror=array-bounds", "-Werror=division-by-zero", "-Werror=conversion-null",
            "-Werror=shift-count-overflow", "-Werror=undefined-internal", "-fno-caret-diagnostics", "-fno-color-diagnostics"};
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

Scratch::Scratch(const std::string &parent) {
    std::string name = parent + "/new-XXXXXX";
    path = mkdtemp(name.data()) != nullptr ? name : "";
}

Scratch::~Scratch() {
    std::error_code ignored;
    if (!path.empty()) {
        std::filesystem::remove_all(path, ignored);
    }
}

Translated translate(const CompileRequest &request, const std::string &folder) {
    Translated result;
    if (folder.empty() || !writeFile(folder + "/" + kSource, request.source)) {
        result.internal = true;
        result.log = "softmetal: cannot write into " + folder + " (SOFTMETAL_CACHE names another folder)";
        return result;
    }
    std::vector<std::string> command = {clang()};
    for (const std::string &flag : scanFlags(request)) {
        command.push_back(flag);
    }
    command.insert(command.end(), {kSource, "-o", "scanned.ii"});
    std::string log;
    int status = runProgram(command, folder, &log);
    if (status != 0) {
        result.internal = status == 127;
        result.log = status == 127 ? "softmetal: " + log + ": install clang-19 (Debian: apt install clang-19) or name it in SOFTMETAL_CLANG"
                                   : log;
        return result;
    }
    auto translation = std::make_unique<Translation>(readFile(folder + "/scanned.ii"), request.source);
    result.log = refusals(*translation, request.source);
    if (result.log.empty()) {
        writeFile(folder + "/translated.cpp", "# 1 \"" + std::string(kSource) + "\"\n" + translation->text);
        result.translation = std::move(translation);
    }
    return result;
}

} // namespace softmetal
