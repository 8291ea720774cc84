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

// Walking

bool Translation::statementStart(size_t i) const {
    if (i == 0) {
        return true;
    }
    const Token &before = t_[i - 1];
    return before.kind == Token::Kind::directive || before.is(";") || before.is("{") || before.is("}");
}

size_t Translation::past(size_t open) const {
    const std::string opening = t_[open].text;
    const char *closing = opening == "(" ? ")" : opening == "{" ? "}" : "]";
    if (opening == "[[") {
        size_t i = open + 1;
        while (i + 1 < t_.size() && !(is(i, "]") && is(i + 1, "]"))) {
            i = is(i, "(") ? past(i) : i + 1;
        }
        return std::min(i + 2, t_.size() - 1);
    }
    int depth = 0;
    for (size_t i = open; i + 1 < t_.size(); i++) {
        depth += is(i, opening.c_str());
        depth -= is(i, closing);
        if (depth == 0) {
            return i + 1;
        }
    }
    return t_.size() - 1;
}

size_t Translation::pastAngles(size_t open) const {
    int depth = 0;
    for (size_t i = open; i + 1 < t_.size();) {
        if (is(i, "(") || is(i, "[") || is(i, "{")) {
            i = past(i);
            continue;
        }
        depth += is(i, "<");
        depth -= is(i, ">");
        i++;
        if (depth == 0) {
            return i;
        }
        if (is(i, ";")) {
            break; // it was a comparison
        }
    }
    return open;
}

size_t Translation::pastStatement(size_t i) const {
    while (i + 1 < t_.size() && !is(i, ";")) {
        i = is(i, "(") || is(i, "[") || is(i, "[[") || is(i, "{") ? past(i) : i + 1;
    }
    return std::min(i + 1, t_.size() - 1);
}

Translation::Attribute Translation::attribute(size_t at, size_t *end) const {
    *end = past(at);
    Attribute a{t_[at + 1].text, ""};
    if (is(at + 2, "(")) {
        a.argument = source(at + 3, past(at + 2) - 1);
    }
    return a;
}

std::string Translation::source(size_t begin, size_t end) const {
    std::string s;
    for (size_t i = begin; i < end; i++) {
        s += (t_[i].spaced && i > begin ? " " : "") + t_[i].text;
    }
    return s;
}

void Translation::erase(size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        t_[i].out.clear();
    }
}

void Translation::refuse(size_t at, const std::string &message) {
    refused.push_back({t_[at].line, std::max(t_[at].column, 1), message});
}

const Translation::KernelFunction *Translation::kernelAround(size_t i) const {
    for (const KernelFunction &kernel : kernels_) {
        if (i > kernel.bodyBegin && i < kernel.bodyEnd) {
            return &kernel;
        }
    }
    return nullptr;
}

// What every token stands in

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

// Declarations

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
            kernel(i, at, isTemplate, arguments);
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

void Translation::kernel(size_t begin, size_t at, bool isTemplate, const std::string &templateArguments) {
    (void)begin;
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

// Expressions

void Translation::vectorConstructions() {
    for (size_t i = 0; i + 1 < t_.size(); i++) {
        if (!word(i) || t_[i].out != t_[i].text) {
            continue;
        }
        size_t end = i + 1;
        if (is(i, "vec") && is(i + 1, "<")) {
            end = pastAngles(i + 1);
        } else if (makeable_.count(t_[i].text) == 0) {
            continue;
        }
        if (is(end, "(") && !(i > 0 && (is(i - 1, "struct") || is(i - 1, "class") || is(i - 1, "~")))) {
            t_[i].out = "softmetal::make<" + t_[i].out;
            t_[end - 1].out += ">";
        }
    }
}

void Translation::literals() {
    for (size_t i = 0; i < t_.size(); i++) {
        Token &token = t_[i];
        if (token.kind != Token::Kind::number || token.out != token.text) {
            continue;
        }
        const std::string &s = token.text;
        bool hex = s.size() > 1 && (s[1] == 'x' || s[1] == 'X');
        bool real = s.find('.') != std::string::npos || s.find_first_of(hex ? "pP" : "eE") != std::string::npos;
        if (!real) {
            if (s.find("ll") != std::string::npos || s.find("LL") != std::string::npos) {
                refuse(i, "there is no long long in Metal");
            }
            continue;
        }
        char last = s.back();
        if (last == 'h' || last == 'H') {
            token.out = "((half)" + s.substr(0, s.size() - 1) + "f)";
        } else if (s.size() > 2 && s.compare(s.size() - 2, 2, "bf") == 0) {
            token.out = "((bfloat)" + s.substr(0, s.size() - 2) + "f)";
        } else if (last == 'l' || last == 'L') {
            refuse(i, "there is no long double in Metal");
        } else if (hex ? last != 'f' || s.find_first_of("pP") == std::string::npos : last != 'f' && last != 'F') {
            token.out += "f"; // a literal without a suffix is a float: there is no double
        }
    }
}

// Output

int Translation::sourceColumn(int line, int column) const {
    auto found = columns_.find(line);
    if (found == columns_.end()) {
        return 0;
    }
    auto behind = found->second.upper_bound(column);
    return behind == found->second.begin() ? 0 : std::prev(behind)->second;
}

void Translation::write() {
    int line = 1;
    int column = 1;
    auto put = [&](const std::string &s) {
        text += s;
        column += static_cast<int>(s.size());
    };
    for (size_t i = 0; i < t_.size(); i++) {
        const Token &token = t_[i];
        if (token.out.empty()) {
            continue;
        }
        bool directive = token.kind == Token::Kind::directive;
        if (token.line > line && token.line - line < 40) {
            text.append(static_cast<size_t>(token.line - line), '\n');
            column = 1;
        } else if (token.line != line || (directive && column > 1)) {
            text += "\n# " + std::to_string(token.line) + " \"program_source\"\n";
            column = 1;
        }
        line = token.line;
        if (token.spaced && column > 1) {
            put(" ");
        }
        columns_[line][column] = token.column;
        put(token.out);
        if (directive) {
            text += "\n";
            line++;
            column = 1;
        }
    }
    text += "\n# 1 \"softmetal_entries\"\n" + entries();
}

std::string Translation::entries() {
    std::vector<Instance> all = instances_;
    for (const KernelFunction &kernel : kernels_) {
        if (!kernel.isTemplate) {
            all.push_back({kernel.hostName, kernel.name, "", kernel.bodyBegin});
        }
    }
    std::string definitions;
    std::string table;
    std::set<std::string> names;
    unsigned count = 0;
    for (const Instance &instance : all) {
        auto kernel = std::find_if(kernels_.begin(), kernels_.end(),
                                   [&](const KernelFunction &k) { return k.name == instance.kernel; });
        if (kernel == kernels_.end()) {
            refuse(instance.at, "there is no kernel '" + instance.kernel + "' to instantiate");
            continue;
        }
        if (!names.insert(instance.hostName).second) {
            refuse(instance.at, "two kernels are named '" + instance.hostName + "'");
        }
        std::string n = std::to_string(count++);
        std::string self = "::" + instance.kernel + instance.arguments;
        std::string sources;
        std::string described;
        for (const KernelParameter &parameter : kernel->parameters) {
            sources += ", " + parameter.source;
            described += (described.empty() ? "\"" : ", \"") + parameter.name + "\"";
        }
        definitions += "using sm_entry_" + n + " = softmetal::Entry<decltype(" + self + "), " + self + sources + ">;\n" +
                       "static const sm_entry_" + n + "::Parameters sm_parameters_" + n + " = sm_entry_" + n +
                       "::describe(" + described + ");\n";
        table += "    {\"" + instance.hostName + "\", &sm_entry_" + n + "::run, sm_parameters_" + n + ".list, " +
                 std::to_string(kernel->parameters.size()) + ", (const void *)(&" + self + "), " + kernel->maxThreads + "},\n";
    }
    std::string constants;
    for (const Constant &constant : constants_) {
        constants += "    {\"" + constant.name + "\", " + std::to_string(constant.index) + ", " +
                     (constant.optional ? "true" : "false") + ", softmetal::DataType<" + constant.type + ">::value},\n";
    }
    return definitions + "static const softmetal::Kernel sm_kernels[] = {\n" + table +
           "    {nullptr, nullptr, nullptr, 0, nullptr, 0}};\n" +
           "static const softmetal::FunctionConstant sm_constants[] = {\n" + constants + "    {nullptr, 0, false, 0}};\n" +
           "extern \"C\" __attribute__((visibility(\"default\"))) const softmetal::Module softmetal_module = {" +
           "softmetal::kAbi, sm_kernels, " + std::to_string(count) + ", sm_constants, " +
           std::to_string(constants_.size()) + "};\n";
}

} // namespace softmetal
