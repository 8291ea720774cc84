// Kernels: their attributes, their parameters and the instantiations of those that are templates.
#include "translate.h"

#include <algorithm>
#include <cstdlib>

namespace softmetal {
namespace {

const std::set<std::string> kBuiltins = {
    "thread_position_in_grid",          "thread_position_in_threadgroup", "threadgroup_position_in_grid",
    "threads_per_threadgroup",          "dispatch_threads_per_threadgroup", "threadgroups_per_grid",
    "threads_per_grid",                 "thread_index_in_threadgroup",    "thread_index_in_simdgroup",
    "simdgroup_index_in_threadgroup",   "simdgroups_per_threadgroup",     "threads_per_simdgroup"};

/// The text of one string literal, or of several that stand beside each other.
std::string unquoted(const std::string &literals) {
    std::string text;
    bool inside = false;
    for (char c : literals) {
        if (c == '"') {
            inside = !inside;
        } else if (inside) {
            text += c;
        }
    }
    return text;
}

} // namespace

void Translation::kernel(size_t at, bool isTemplate, const std::string &templateArguments) {
    KernelFunction k;
    k.isTemplate = isTemplate;
    k.templateArguments = isTemplate ? templateArguments : "";
    size_t i = at;
    while (is(i, "kernel") || is(i, "[[") || is(i, "inline") || is(i, "static")) {
        if (is(i, "[[")) {
            size_t end;
            Attribute a = attribute(i, &end);
            if (a.name == "host_name") {
                k.hostName = unquoted(a.argument);
            } else if (a.name == "max_total_threads_per_threadgroup") {
                k.maxThreads = a.argument;
            } else if (a.name != "kernel") {
                refuse(i, "unknown attribute [[" + a.name + "]] of a kernel");
            }
            erase(i, end);
            i = end;
        } else {
            t_[i++].out.clear();
        }
    }
    if (!is(i, "void")) {
        refuse(i, "a kernel returns void");
        return;
    }
    t_[i].out = isTemplate ? "void" : "static void";
    size_t name = i + 1;
    if (!word(name) || !is(name + 1, "(")) {
        refuse(name, "expected the kernel's name and its parameters");
        return;
    }
    k.name = t_[name].text;
    if (k.hostName.empty()) {
        k.hostName = k.name;
    }
    size_t close = past(name + 1) - 1;
    std::set<std::string> taken;
    size_t first = name + 2;
    for (size_t p = first; p <= close; p++) {
        if (p < close && (is(p, "(") || is(p, "[") || is(p, "[["))) {
            p = past(p) - 1;
        } else if (p < close && is(p, "<")) {
            p = std::max(pastAngles(p), p + 1) - 1;
        } else if (p == close || is(p, ",")) {
            if (p > first) {
                kernelParameter(k, {first, p}, taken);
            }
            first = p + 1;
        }
    }
    k.bodyBegin = close + 1;
    k.bodyEnd = is(close + 1, "{") ? past(close + 1) : close + 1;
    if (k.bodyEnd > close + 1) {
        for (const KernelFunction &other : kernels_) {
            if (other.name == k.name) {
                refuse(name, "a second kernel '" + k.name + "'");
            }
        }
        kernels_.push_back(k);
    }
}

void Translation::kernelParameter(KernelFunction &kernel, Range range, std::set<std::string> &taken) {
    KernelParameter parameter;
    std::string space;
    bool indirect = false;
    bool attributed = false;
    int dimensions = 1; // of a position or size
    for (size_t i = range.begin; i < range.end; i++) {
        if (is(i, "[[")) {
            size_t end;
            Attribute a = attribute(i, &end);
            attributed = true;
            char *rest = nullptr;
            long index = std::strtol(a.argument.c_str(), &rest, 10);
            bool number = !a.argument.empty() && *rest == '\0';
            if (a.name == "buffer" || a.name == "threadgroup") {
                bool buffer = a.name == "buffer";
                if (!number || index < 0 || index > 30) {
                    refuse(i, "'" + a.name + "' attribute parameter is out of bounds: must be between 0 and 30");
                }
                if (!taken.insert(a.name + a.argument).second) {
                    refuse(i, "the index of [[" + a.name + "(" + a.argument + ")]] is used twice");
                }
                if (!indirect) {
                    refuse(i, "a [[" + a.name + "]] parameter is a pointer or a reference");
                }
                if (buffer && space != "device" && space != "constant") {
                    refuse(range.begin, "a [[buffer]] parameter is in the device or constant address space");
                } else if (!buffer && space != "threadgroup") {
                    refuse(range.begin, "a [[threadgroup]] parameter is in the threadgroup address space");
                }
                parameter.source = std::string("softmetal::") + (buffer ? "BufferArgument<" : "ThreadgroupArgument<") +
                                   std::to_string(number ? index : 0) + ">";
            } else if (kBuiltins.count(a.name) != 0) {
                parameter.source = "softmetal::Builtin_" + a.name;
                bool ofGrid = a.name.find("position") != std::string::npos || a.name.find("s_per_") != std::string::npos;
                bool scalar = a.name == "simdgroups_per_threadgroup" || a.name == "threads_per_simdgroup";
                if (ofGrid && !scalar) {
                    if (kernel.dimensions != 0 && kernel.dimensions != dimensions) {
                        refuse(i, "the positions and sizes in the grid that a kernel takes have all the same number of components");
                    }
                    kernel.dimensions = dimensions;
                }
            } else {
                refuse(i, "unknown attribute [[" + a.name + "]] of a kernel's parameter");
                parameter.source = "softmetal::Builtin_thread_index_in_simdgroup";
            }
            erase(i, end);
            i = end - 1;
        } else if (!attributed && word(i)) {
            if (isAddressSpace(t_[i].text)) {
                space = t_[i].text;
            }
            char last = t_[i].text.back();
            if (types_.count(t_[i].text) != 0 && (last == '2' || last == '3')) {
                dimensions = last - '0';
            }
            parameter.name = t_[i].text;
        } else if (is(i, "*") || is(i, "&")) {
            indirect = true;
        }
    }
    if (!attributed) {
        refuse(range.begin, "the kernel's parameter '" + parameter.name + "' needs an explicit attribute, as [[buffer(0)]]");
        parameter.source = "softmetal::BufferArgument<0>";
    }
    kernel.parameters.push_back(parameter);
}

/// `template [[host_name("x")]] kernel decltype(f<half>) f<half>;` or with the whole signature.
void Translation::instantiation(size_t at) {
    Instance instance;
    instance.at = at;
    size_t end = pastStatement(at);
    size_t i = at + 1;
    while (is(i, "[[") || is(i, "kernel")) {
        if (is(i, "[[")) {
            size_t next;
            Attribute a = attribute(i, &next);
            if (a.name == "host_name") {
                instance.hostName = unquoted(a.argument);
            } else if (a.name != "kernel") {
                refuse(i, "unknown attribute [[" + a.name + "]] of an instantiation");
            }
            erase(i, next);
            i = next;
        } else {
            t_[i++].out.clear();
        }
    }
    i = is(i, "decltype") ? past(i + 1) : i + 1;
    if (!word(i)) {
        refuse(i, "expected the name of the kernel to instantiate");
        return;
    }
    instance.kernel = t_[i].text;
    size_t behind = is(i + 1, "<") ? pastAngles(i + 1) : i + 1;
    instance.arguments = source(i + 1, behind);
    if (instance.hostName.empty()) {
        refuse(at, "the instantiation of a kernel needs [[host_name(\"...\")]]");
    }
    for (size_t a = behind; a < end; a++) {
        if (is(a, "[[")) {
            erase(a, past(a));
        }
    }
    instances_.push_back(instance);
}

} // namespace softmetal
