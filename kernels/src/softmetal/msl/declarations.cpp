// Statements that declare something which C++ writes differently: function constants and threadgroup variables.
#include "translate.h"

#include <cstdlib>

namespace softmetal {

void Translation::statements() {
    for (size_t i = 0; i + 1 < t_.size(); i++) {
        if (is(i, "is_function_constant_defined") && is(i + 1, "(")) {
            for (Constant &constant : constants_) {
                if (is(i + 2, constant.name.c_str())) {
                    constant.optional = true;
                    t_[i].out = "SM_FUNCTION_CONSTANT_DEFINED";
                    t_[i + 2].out = std::to_string(constant.index);
                }
            }
        }
        if (!statementStart(i)) {
            continue;
        }
        if (is(i, "template") && !is(i + 1, "<")) {
            instantiation(i);
            continue;
        }
        size_t at = i;
        std::string arguments;
        bool isTemplate = is(i, "template");
        if (isTemplate) {
            at = pastAngles(i + 1);
            for (size_t p = i + 2; p < at; p++) {
                // A parameter's name stands before a comma, a default or the end.
                if (word(p) && (is(p + 1, ",") || is(p + 1, "=") || p + 2 == at)) {
                    arguments += (arguments.empty() ? "<" : ", ") + t_[p].text;
                    while (p + 1 < at && !is(p, ",")) {
                        p = is(p, "<") ? pastAngles(p) : p + 1;
                    }
                }
            }
            arguments += ">";
        }
        bool isKernel = false;
        for (size_t k = at; is(k, "kernel") || is(k, "[[") || is(k, "inline") || is(k, "static");) {
            isKernel = isKernel || is(k, "kernel") || (is(k, "[[") && is(k + 1, "kernel"));
            k = is(k, "[[") ? past(k) : k + 1;
        }
        if (isKernel) {
            if (scope_[i] != Scope::program) {
                refuse(at, "a kernel stands at program scope");
            }
            kernel(at, isTemplate, arguments);
            continue;
        }
        if (is(i, "constant") && scope_[i] == Scope::program) {
            size_t end = pastStatement(i);
            for (size_t a = i; a < end; a++) {
                if (is(a, "[[") && is(a + 1, "function_constant")) {
                    functionConstant(i, end, a);
                    break;
                }
            }
        }
        if (is(i, "threadgroup") && scope_[i] == Scope::function) {
            threadgroupVariables(i);
        }
    }
    // What attributes are left belongs to C++, or to parts of Metal that Ingot does not use.
    static const std::set<std::string> kept = {"maybe_unused", "likely", "unlikely", "fallthrough", "nodiscard"};
    for (size_t i = 0; i + 1 < t_.size(); i++) {
        if (is(i, "[[") && !t_[i].out.empty() && kept.count(t_[i + 1].text) == 0) {
            refuse(i, "the attribute [[" + t_[i + 1].text + "]] is not supported here");
            erase(i, past(i));
        }
    }
}

void Translation::functionConstant(size_t begin, size_t end, size_t at) {
    size_t behind;
    Attribute a = attribute(at, &behind);
    char *rest = nullptr;
    unsigned long index = std::strtoul(a.argument.c_str(), &rest, 10);
    if (a.argument.empty() || *rest != '\0' || index >= 64) {
        refuse(at, "the index of a function constant is a number below 64");
        index = 0;
    }
    for (const Constant &other : constants_) {
        if (other.index == index) {
            refuse(at, "the function constants '" + other.name + "' and '" + t_[at - 1].text + "' share index " + a.argument);
        }
    }
    if (!is(behind, ";")) {
        refuse(behind, "a function constant has no initializer");
    }
    Constant constant{source(begin + 1, at - 1), t_[at - 1].text, static_cast<unsigned>(index), false};
    erase(begin, end);
    t_[begin].out =
        "SM_FUNCTION_CONSTANT(" + constant.name + ", " + std::to_string(index) + ", " + constant.type + ")";
    constants_.push_back(constant);
}

void Translation::threadgroupVariables(size_t begin) {
    size_t end = pastStatement(begin) - 1; // at the ;
    size_t nameOfFirst = 0;
    for (size_t i = begin + 1; i < end;) {
        if (is(i, "<")) {
            i = std::max(pastAngles(i), i + 1);
            continue;
        }
        if (is(i, "*") || is(i, "&")) {
            return; // a pointer into threadgroup memory
        }
        if (is(i, "[") || is(i, ",") || is(i, "=")) {
            break;
        }
        if (word(i)) {
            nameOfFirst = i;
        }
        i++;
    }
    const KernelFunction *around = kernelAround(begin);
    if (around == nullptr) {
        refuse(begin, "a threadgroup variable is declared in a kernel, not in another function");
        return;
    }
    std::string type = source(begin + 1, nameOfFirst);
    std::string declarations;
    for (size_t i = nameOfFirst; i < end;) {
        std::string name = t_[i].text;
        size_t extent = i + 1;
        while (is(extent, "[")) {
            extent = past(extent);
        }
        if (is(extent, "=")) {
            refuse(extent, "a threadgroup variable cannot have an initializer");
            break;
        }
        std::string number = std::to_string(threadgroupVariableCount_++);
        declarations += "using sm_type_" + number + " = " + type + source(i + 1, extent) + "; SM_THREADGROUP_VARIABLE(" +
                        number + ", " + name + ", ::" + around->name + around->templateArguments + ") ";
        i = extent + 1; // behind the comma
    }
    erase(begin, end + 1);
    t_[begin].out = declarations;
}

} // namespace softmetal
