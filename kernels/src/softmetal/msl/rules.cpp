// What clang would accept and Metal does not, or Ingot's profile of the language leaves out.
#include "translate.h"

namespace softmetal {

bool isAddressSpace(const std::string &word) {
    return word == "device" || word == "constant" || word == "threadgroup" || word == "thread";
}

void Translation::bannedWords() {
    static const std::map<std::string, const char *> banned = {
        {"double", "there is no double in Metal"},
        {"new", "there is no dynamic memory in Metal"},
        {"delete", "there is no dynamic memory in Metal"},
        {"virtual", "there are no virtual functions in Metal"},
        {"dynamic_cast", "there is no run-time type information in Metal"},
        {"typeid", "there is no run-time type information in Metal"},
        {"try", "there are no exceptions in Metal"},
        {"catch", "there are no exceptions in Metal"},
        {"throw", "there are no exceptions in Metal"},
        {"goto", "there is no goto in Metal"},
        {"thread_local", "there is no thread_local in Metal"},
        {"register", "there is no register in Metal"},
        {"asm", "there is no inline assembly in Metal"},
        {"__asm__", "there is no inline assembly in Metal"},
        {"wchar_t", "there are no wide characters in Metal"},
        {"std", "the C++ standard library is not available: use metal::"},
        {"union", "unions are outside the kernels' profile of the language"},
        {"volatile", "volatile is outside the kernels' profile of the language: use atomics"},
        {"metal_texture", "textures are not supported"},
        {"texture2d", "textures are not supported"},
    };
    for (size_t i = 0; i + 1 < t_.size(); i++) {
        if (!word(i)) {
            continue;
        }
        auto found = banned.find(t_[i].text);
        bool deleted = is(i, "delete") && i > 0 && is(i - 1, "="); // a deleted function
        if (found != banned.end() && !deleted) {
            refuse(i, found->second);
        }
        if (t_[i].text.compare(0, 3, "sm_") == 0 || t_[i].text.compare(0, 9, "softmetal") == 0) {
            refuse(i, "names that begin with sm_ or softmetal are the translator's");
        }
        if (is(i, "long") && is(i + 1, "long")) {
            refuse(i, "there is no long long in Metal");
        }
        if (is(i, "static") && scope_[i] == Scope::function) {
            refuse(i, "variables in function scope cannot be declared static");
        }
    }
    for (size_t i = 1; i + 1 < t_.size(); i++) {
        bool expression = is(i - 1, "=") || is(i - 1, "(") || is(i - 1, ",") || is(i - 1, "return");
        if (is(i, "[") && expression) {
            refuse(i, "lambdas need Metal 3.2 and are outside the kernels' profile of the language");
        }
    }
}

/// A pointer or reference that is declared without saying where it points.
void Translation::addressSpaces() {
    for (size_t i = 0; i + 2 < t_.size(); i++) {
        bool begins = statementStart(i) || (i > 0 && (is(i - 1, "(") || is(i - 1, ",") || is(i - 1, "for")));
        if (!begins || !word(i)) {
            continue;
        }
        size_t at = i;
        bool space = false;
        while (word(at) && (isAddressSpace(t_[at].text) || is(at, "const") || is(at, "static") || is(at, "inline") ||
                            is(at, "constexpr"))) {
            space = space || isAddressSpace(t_[at].text);
            at++;
        }
        if (is(at, "metal") && is(at + 1, "::")) {
            at += 2;
        }
        if (!word(at) || types_.count(t_[at].text) == 0) {
            continue;
        }
        at++;
        if (is(at, "<")) {
            at = pastAngles(at);
        }
        while (is(at, "const") || (word(at) && isAddressSpace(t_[at].text))) {
            space = space || isAddressSpace(t_[at].text);
            at++;
        }
        if (!is(at, "*") && !is(at, "&")) {
            continue;
        }
        size_t symbol = at;
        while (is(at, "*") || is(at, "&") || is(at, "const")) {
            at++;
        }
        bool declared = word(at) && (is(at + 1, "=") || is(at + 1, ";") || is(at + 1, ",") || is(at + 1, ")") ||
                                     is(at + 1, "[") || is(at + 1, "[[") || is(at + 1, "(") || is(at + 1, ":"));
        if (declared && !space && !is(at, "operator")) {
            refuse(symbol, std::string(is(symbol, "*") ? "pointer" : "reference") +
                               " type must have explicit address space qualifier");
        }
    }
}

void Translation::programVariables() {
    static const std::set<std::string> others = {"template", "using", "typedef", "struct", "class", "enum", "namespace",
                                                 "static_assert", "extern", "kernel"};
    for (size_t i = 0; i + 1 < t_.size(); i++) {
        if (!statementStart(i) || scope_[i] != Scope::program || !word(i) || others.count(t_[i].text) != 0) {
            continue;
        }
        bool constant = false;
        bool function = false;
        bool initialized = false;
        bool attribute = false;
        size_t at = i;
        for (; at + 1 < t_.size() && !is(at, ";") && !is(at, "{"); at++) {
            constant = constant || is(at, "constant");
            if (is(at, "[[")) {
                attribute = true;
                at = past(at) - 1;
            } else if (is(at, "(") && !initialized) {
                function = true;
                at = past(at) - 1;
            } else if (is(at, "=")) {
                initialized = true;
                at = pastStatement(at) - 2;
            } else if (is(at, "[")) {
                at = past(at) - 1;
            }
        }
        if (function) {
            continue;
        }
        if (!constant) {
            refuse(i, "program scope variable must reside in constant address space");
        } else if (!initialized && !attribute && !is(at, "{")) {
            refuse(i, "a variable in the constant address space must be initialized");
        }
    }
}

void Translation::casts() {
    for (size_t i = 1; i + 3 < t_.size(); i++) {
        if (!is(i, "(") || !word(i + 1) || makeable_.count(t_[i + 1].text) == 0 || !is(i + 2, ")")) {
            continue;
        }
        bool operand = word(i + 3) || is(i + 3, "(") || t_[i + 3].kind == Token::Kind::number;
        bool call = word(i - 1) && !is(i - 1, "return");
        if (operand && !call && !is(i - 1, ")") && !is(i - 1, ">")) {
            refuse(i, "cast vectors by construction, " + t_[i + 1].text + "(x): the profile leaves out C casts of vectors");
        }
    }
}

} // namespace softmetal
