#include "lint.h"

#include <cxxabi.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

namespace softmetal {
namespace {

struct Function {
    std::string name;
    std::vector<std::string> lines;
};

std::string demangled(const std::string &name) {
    int status = 0;
    char *text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    std::string result = status == 0 ? text : name;
    std::free(text);
    return result;
}

/// What the source calls a function.
std::string called(const std::string &name) {
    std::string full = demangled(name);
    size_t end = full.find_first_of("<(");
    size_t begin = full.find_last_of(' ', end);
    begin = begin == std::string::npos ? 0 : begin + 1;
    return "'" + full.substr(begin, end - begin) + "'";
}

/// The name behind the @ at `at`, quoted or not.
std::string nameAt(const std::string &line, size_t at) {
    if (at + 1 < line.size() && line[at + 1] == '"') {
        return line.substr(at + 2, line.find('"', at + 2) - at - 2);
    }
    return line.substr(at + 1, line.find_first_of("( ,)", at) - at - 1);
}

std::vector<Function> functionsOf(const std::string &ir) {
    std::vector<Function> functions;
    std::istringstream text(ir);
    bool inside = false;
    for (std::string line; std::getline(text, line);) {
        if (line.compare(0, 7, "define ") == 0) {
            functions.push_back({nameAt(line, line.find('@')), {line}});
            inside = true;
        } else if (line == "}") {
            inside = false;
        } else if (inside) {
            functions.back().lines.push_back(line);
        }
    }
    return functions;
}

/// Part of the standard library of Metal, or of what is generated around kernels.
bool isOurs(const Function &function) {
    std::string name = demangled(function.name);
    return function.name.find("5metal") != std::string::npos || function.name.find("9softmetal") != std::string::npos ||
           name.find("as_type<") != std::string::npos || function.name.compare(0, 10, "sm_kernel_") == 0;
}

bool hasWord(const std::string &line, const std::string &word) {
    for (size_t at = line.find(word); at != std::string::npos; at = line.find(word, at + 1)) {
        auto part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '@' || c == '%'; };
        bool before = at > 0 && part(line[at - 1]);
        bool after = at + word.size() < line.size() && part(line[at + word.size()]);
        if (!before && !after) {
            return true;
        }
    }
    return false;
}

/// The function that a line calls; "*" where it calls through a pointer, empty where it calls none.
std::string calledBy(const std::string &line) {
    size_t call = line.find("call ");
    if (call == std::string::npos || line.find(" asm ") != std::string::npos) {
        return "";
    }
    // The callee stands before the first parenthesis of the arguments, behind the result's type.
    for (size_t at = call + 5; at < line.size(); at++) {
        if (line[at] == '@') {
            return nameAt(line, at);
        }
        if (line[at] == '%' && line.compare(at, 7, "%struct") != 0 && line.compare(at, 6, "%class") != 0 &&
            line.compare(at, 8, "%\"struct") != 0 && line.compare(at, 7, "%\"class") != 0) {
            return "*";
        }
    }
    return "";
}

bool reaches(const std::map<std::string, std::set<std::string>> &calls, const std::string &from, const std::string &to,
             std::set<std::string> *seen) {
    auto found = calls.find(from);
    if (found == calls.end() || !seen->insert(from).second) {
        return false;
    }
    for (const std::string &callee : found->second) {
        if (callee == to || reaches(calls, callee, to, seen)) {
            return true;
        }
    }
    return false;
}

/// Bytes of a type of LLVM, without padding; structs by their definitions.
size_t sizeOf(const std::string &type, const std::map<std::string, std::string> &structs) {
    if (type.empty()) {
        return 0;
    }
    char first = type[0];
    if (first == '[' || first == '<') {
        size_t times = type.find(" x ");
        if (times != std::string::npos) {
            size_t count = std::strtoul(type.c_str() + 1, nullptr, 10);
            return count * sizeOf(type.substr(times + 3, type.size() - times - 4), structs);
        }
    }
    if (first == '{') {
        size_t sum = 0;
        int depth = 0;
        size_t begin = 1;
        for (size_t i = 1; i < type.size(); i++) {
            depth += type[i] == '{' || type[i] == '[' || type[i] == '<';
            bool end = i + 1 == type.size() || (type[i] == ',' && depth == 0);
            depth -= type[i] == '}' || type[i] == ']' || type[i] == '>';
            if (end) {
                size_t at = type.find_first_not_of(' ', begin);
                size_t last = type.find_last_not_of(' ', i - 1);
                sum += sizeOf(type.substr(at, last - at + 1), structs);
                begin = i + 1;
            }
        }
        return sum;
    }
    if (first == '%') {
        auto found = structs.find(type);
        return found == structs.end() ? 0 : sizeOf(found->second, structs);
    }
    if (first == 'i') {
        return (std::strtoul(type.c_str() + 1, nullptr, 10) + 7) / 8;
    }
    return type == "half" || type == "bfloat" ? 2 : type == "float" ? 4 : 8;
}

std::map<std::string, std::string> structsOf(const std::string &ir) {
    std::map<std::string, std::string> structs;
    std::istringstream text(ir);
    for (std::string line; std::getline(text, line);) {
        size_t is = line.find(" = type ");
        if (line[0] == '%' && is != std::string::npos) {
            structs[line.substr(0, is)] = line.substr(is + 8);
        }
    }
    return structs;
}

/// The type of an alloca; the rest of the line, behind it, in `rest`.
std::string allocated(const std::string &line, size_t at, std::string *rest) {
    size_t begin = at + 7;
    int depth = 0;
    size_t i = begin;
    for (; i < line.size(); i++) {
        depth += line[i] == '[' || line[i] == '<' || line[i] == '{';
        depth -= line[i] == ']' || line[i] == '>' || line[i] == '}';
        if (line[i] == ',' && depth == 0) {
            break;
        }
    }
    *rest = line.substr(i);
    return line.substr(begin, i - begin);
}

void plainRules(const std::vector<Function> &functions, std::vector<std::string> *found) {
    std::map<std::string, std::set<std::string>> calls;
    for (const Function &function : functions) {
        bool ours = isOurs(function);
        std::set<std::string> told;
        for (const std::string &line : function.lines) {
            std::string callee = calledBy(line);
            if (!callee.empty()) {
                calls[function.name].insert(callee);
            }
            auto tell = [&](const std::string &what) {
                if (told.insert(what).second) {
                    found->push_back(called(function.name) + " " + what);
                }
            };
            if (hasWord(line, "double")) {
                tell("computes in double");
            }
            if (callee == "*" && !ours) {
                tell("calls through a pointer");
            }
            if (!ours && line.find("addrspacecast") != std::string::npos) {
                tell("casts a pointer to another address space");
            }
        }
    }
    for (const auto &[name, callees] : calls) {
        std::set<std::string> seen;
        if (reaches(calls, name, name, &seen)) {
            found->push_back(called(name) + " calls itself");
        }
    }
}

/// What a thread holds in memory of its own costs bandwidth: an array whose loop is not unrolled, or whose index is computed.
void stackRules(const std::vector<Function> &functions, const std::map<std::string, std::string> &structs,
                std::vector<std::string> *found) {
    for (const Function &function : functions) {
        size_t bytes = 0;
        bool unbounded = false;
        if (isOurs(function) && function.name.compare(0, 10, "sm_kernel_") != 0) {
            continue;
        }
        for (const std::string &line : function.lines) {
            size_t at = line.find("alloca ");
            if (at != std::string::npos && line.find(" = alloca ") != std::string::npos) {
                std::string rest;
                bytes += sizeOf(allocated(line, at, &rest), structs);
                unbounded = unbounded || rest.find('%') != std::string::npos;
            }
        }
        if (unbounded) {
            found->push_back(called(function.name) + " takes memory of no fixed size from its stack");
        } else if (bytes > 0) {
            found->push_back(called(function.name) + " keeps " + std::to_string(bytes) +
                             " bytes per thread outside of registers: unroll its loops over arrays (UNROLLED), and compute no index of one");
        }
    }
}

} // namespace

std::vector<std::string> irFindings(const std::string &plain, const std::string &inlined) {
    std::vector<std::string> found;
    plainRules(functionsOf(plain), &found);
    stackRules(functionsOf(inlined), structsOf(inlined), &found);
    return found;
}

} // namespace softmetal
