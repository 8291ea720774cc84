// The order of the work, and what every token stands in.
#include "translate.h"

#include <algorithm>

namespace softmetal {
namespace {

std::set<std::string> vectorTypes() {
    std::set<std::string> types;
    for (const char *component : {"bool", "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "half",
                                  "bfloat", "float"}) {
        for (const char *count : {"2", "3", "4"}) {
            types.insert(std::string(component) + count);
            types.insert(std::string("packed_") + component + count);
        }
    }
    return types;
}

} // namespace

Translation::Translation(const std::string &preprocessed, const std::string &source)
    : t_(tokenize(preprocessed, source)) {
    findScopes();
    findTypes();
    bannedWords();
    addressSpaces();
    programVariables();
    casts();
    statements();
    vectorConstructions();
    literals();
    write();
    std::sort(refused.begin(), refused.end(), [](const Diagnostic &a, const Diagnostic &b) {
        return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
}

void Translation::findScopes() {
    scope_.assign(t_.size(), Scope::program);
    std::vector<Scope> open;
    bool type = false; // the statement under way declares a struct, enum or namespace
    bool space = false;
    for (size_t i = 0; i < t_.size(); i++) {
        Scope now = open.empty() ? Scope::program : open.back();
        scope_[i] = now;
        if (is(i, "struct") || is(i, "class") || is(i, "enum") || is(i, "union")) {
            type = !(i > 0 && (is(i - 1, "<") || is(i - 1, ","))); // not a template's parameter
        } else if (is(i, "namespace")) {
            space = true;
        } else if (is(i, ";")) {
            type = false;
            space = false;
        } else if (is(i, ")")) {
            type = false; // struct S f() {...}
        } else if (is(i, "{")) {
            Scope inner = now;
            if (now != Scope::function && !space) {
                inner = type ? Scope::type : Scope::function;
            } else if (now == Scope::function && type) {
                inner = Scope::type;
            }
            open.push_back(inner);
            type = false;
            space = false;
        } else if (is(i, "}") && !open.empty()) {
            open.pop_back();
            scope_[i] = open.empty() ? Scope::program : open.back();
        }
    }
}

void Translation::findTypes() {
    makeable_ = vectorTypes();
    types_ = makeable_;
    for (const char *name : {"bool", "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "half", "bfloat",
                             "float", "void", "size_t", "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t",
                             "int64_t", "uint64_t", "atomic_int", "atomic_uint", "atomic_float"}) {
        types_.insert(name);
    }
    for (size_t i = 0; i + 1 < t_.size(); i++) {
        if ((is(i, "struct") || is(i, "class") || is(i, "enum")) && word(i + 1)) {
            bool parameter = i > 0 && (is(i - 1, "<") || is(i - 1, ","));
            types_.insert(t_[i + 1].text);
            if (parameter) {
                makeable_.insert(t_[i + 1].text);
            }
        } else if (is(i, "typename") && word(i + 1) && i > 0 && (is(i - 1, "<") || is(i - 1, ","))) {
            types_.insert(t_[i + 1].text);
            makeable_.insert(t_[i + 1].text);
        } else if (is(i, "using") && word(i + 1) && is(i + 2, "=")) {
            types_.insert(t_[i + 1].text);
            makeable_.insert(t_[i + 1].text);
        } else if (is(i, "typedef")) {
            size_t end = pastStatement(i) - 1;
            if (word(end - 1)) {
                types_.insert(t_[end - 1].text);
                makeable_.insert(t_[end - 1].text);
            }
        }
    }
}

} // namespace softmetal
