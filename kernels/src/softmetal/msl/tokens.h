// The tokens of a preprocessed Metal source, with the place in the source that each stands for.
#pragma once

#include <string>
#include <vector>

namespace softmetal {

struct Token {
    enum class Kind { identifier, number, text, symbol, directive, end };
    Kind kind;
    std::string text;
    int line;
    int column;  // 1-based; 0 where a macro wrote the token
    bool spaced; // white space stands before it
    std::string out; // what the translation writes instead

    bool is(const char *s) const { return text == s && kind != Kind::text; }
};

struct Diagnostic {
    int line;
    int column;
    std::string message;
};

/// Splits what `clang -E` wrote; `source` is the text it was made from, to find the columns again.
std::vector<Token> tokenize(const std::string &preprocessed, const std::string &source);

/// The lines of a text.
std::vector<std::string> linesOf(const std::string &text);

} // namespace softmetal
