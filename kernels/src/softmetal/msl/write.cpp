// The C++ of a translated source, with the table of its kernels behind it.
#include "translate.h"

#include <algorithm>

namespace softmetal {

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
    std::string descriptions;
    std::string table;
    std::string nvptx;
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
        definitions += "using sm_entry_" + n + " = softmetal::Entry<decltype(" + self + "), " + self + sources + ">;\n";
        nvptx += "SM_NVPTX_KERNEL(" + n + ")\n";
        descriptions += "static const sm_entry_" + n + "::Parameters sm_parameters_" + n + " = sm_entry_" + n +
                       "::describe(" + described + ");\n";
        table += "    {\"" + instance.hostName + "\", &sm_entry_" + n + "::run, sm_parameters_" + n + ".list, " +
                 std::to_string(kernel->parameters.size()) + ", (const void *)(&" + self + "), " + kernel->maxThreads + "},\n";
    }
    std::string constants;
    for (const Constant &constant : constants_) {
        constants += "    {\"" + constant.name + "\", " + std::to_string(constant.index) + ", " +
                     (constant.optional ? "true" : "false") + ", softmetal::DataType<" + constant.type + ">::value},\n";
    }
    return definitions + "#ifdef __NVPTX__\n" + nvptx + "#else\n" + descriptions +
           "static const softmetal::Kernel sm_kernels[] = {\n" + table +
           "    {nullptr, nullptr, nullptr, 0, nullptr, 0}};\n" +
           "static const softmetal::FunctionConstant sm_constants[] = {\n" + constants + "    {nullptr, 0, false, 0}};\n" +
           "extern \"C\" __attribute__((visibility(\"default\"))) const softmetal::Module softmetal_module = {" +
           "softmetal::kAbi, sm_kernels, " + std::to_string(count) + ", sm_constants, " +
           std::to_string(constants_.size()) + "};\n#endif\n";
}

} // namespace softmetal
