// From Metal Shading Language to the C++ that clang compiles for the host.
//
// MSL is C++14 with a few differences in what surrounds the expressions. Those are rewritten token by token, in place;
// the rest passes through and is judged by clang, whose address spaces and vectors are close to Metal's. Types are
// never parsed: what depends on them is left to the templates of softmetal/kernels.h.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tokens.h"

namespace softmetal {

/// A stretch of tokens, the end not included.
struct Range {
    size_t begin;
    size_t end;
};

class Translation {
public:
    Translation(const std::string &preprocessed, const std::string &source);

    /// The C++ of the library; line n of it is line n of the source.
    std::string text;
    /// What was refused, in the order of the source.
    std::vector<Diagnostic> refused;
    /// The column in the source of what stands at a line and column of `text`; 0 where unknown.
    int sourceColumn(int line, int column) const;

private:
    enum class Scope : unsigned char { program, type, function };
    struct Attribute {
        std::string name;
        std::string argument;
    };
    struct KernelParameter {
        std::string name;
        std::string source; // the template that fetches it
    };
    struct KernelFunction {
        std::string name;
        std::string hostName;
        std::string templateArguments; // "<T, D>": how the body names itself
        bool isTemplate;
        std::vector<KernelParameter> parameters;
        std::string maxThreads = "0";
        int dimensions = 0; // of the positions and sizes it takes; 0 where it takes none
        size_t bodyBegin, bodyEnd;
    };
    struct Instance {
        std::string hostName;
        std::string kernel;
        std::string arguments;
        size_t at;
    };
    struct Constant {
        std::string type;
        std::string name;
        unsigned index;
        bool optional;
    };

    // translate.cpp: what a token stands in, and which names are types
    void findScopes();
    void findTypes();

    // declarations.cpp
    void statements();
    void functionConstant(size_t begin, size_t end, size_t attribute);
    void threadgroupVariables(size_t begin);

    // kernels.cpp
    void kernel(size_t at, bool isTemplate, const std::string &templateArguments);
    void kernelParameter(KernelFunction &kernel, Range parameter, std::set<std::string> &taken);
    void instantiation(size_t at);

    // expressions.cpp
    void vectorConstructions();
    void literals();

    // write.cpp
    void write();
    std::string entries();

    // rules.cpp: what is refused
    void bannedWords();
    void addressSpaces();
    void programVariables();
    void casts();

    // walk.cpp
    bool is(size_t i, const char *s) const { return i < t_.size() && t_[i].is(s); }
    bool word(size_t i) const { return i < t_.size() && t_[i].kind == Token::Kind::identifier; }
    bool statementStart(size_t i) const;
    size_t past(size_t open) const;         // behind the bracket that closes the one at `open`
    size_t pastAngles(size_t open) const;   // the same for template arguments
    size_t pastStatement(size_t i) const;   // behind the ; that ends a statement
    Attribute attribute(size_t at, size_t *end) const;
    std::string source(size_t begin, size_t end) const;
    void erase(size_t begin, size_t end);
    void refuse(size_t at, const std::string &message);
    const KernelFunction *kernelAround(size_t i) const;

    std::vector<Token> t_;
    std::vector<Scope> scope_;
    std::set<std::string> types_;    // names that stand for types in this source
    std::set<std::string> makeable_; // types whose T(...) must go through softmetal::make
    std::vector<KernelFunction> kernels_;
    std::vector<Instance> instances_;
    std::vector<Constant> constants_;
    std::map<int, std::map<int, int>> columns_; // line -> column of the translation -> column of the source
    int threadgroupVariableCount_ = 0;
};

bool isAddressSpace(const std::string &word);

} // namespace softmetal
