#include "tokens.h"

#include <cctype>
#include <cstdio>

namespace softmetal {
namespace {

bool isWord(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

const char *const kPairs[] = {"::", "[[", "->", "&&", "||", "<=", ">=", "==", "!=", "+=", "-=",
                              "*=", "/=", "|=", "&=", "^=", "%=", "++", "--", "<<"};
// Neither "]]" nor ">>": both also end two brackets of their own. They are written as they were read, without a space.

class Lexer {
public:
    Lexer(const std::string &text, const std::string &source) : s_(text), lines_(linesOf(source)) {}

    std::vector<Token> run() {
        for (;;) {
            bool spaced = false;
            while (at_ < s_.size() && std::isspace(static_cast<unsigned char>(s_[at_]))) {
                newline(s_[at_++]);
                spaced = true;
            }
            if (at_ >= s_.size()) {
                tokens_.push_back({Token::Kind::end, "", line_, 0, spaced, ""});
                return tokens_;
            }
            if (s_[at_] == '#' && atLineStart_) {
                directive();
                continue;
            }
            atLineStart_ = false;
            size_t begin = at_;
            Token::Kind kind = next();
            std::string text = s_.substr(begin, at_ - begin);
            tokens_.push_back({kind, text, line_, column(text), spaced, text});
        }
    }

private:
    void newline(char c) {
        if (c == '\n') {
            line_++;
            cursor_ = 0;
            atLineStart_ = true;
        }
    }

    /// `# 12 "file"` says which line follows; a #pragma is kept.
    void directive() {
        size_t end = s_.find('\n', at_);
        end = end == std::string::npos ? s_.size() : end;
        std::string text = s_.substr(at_, end - at_);
        at_ = end;
        int line;
        if (std::sscanf(text.c_str(), "# %d", &line) == 1) {
            line_ = line - 1; // the newline that ends the directive counts it up
            cursor_ = 0;
        } else {
            tokens_.push_back({Token::Kind::directive, text, line_, 1, true, text});
        }
    }

    Token::Kind next() {
        char c = s_[at_];
        if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
            while (at_ < s_.size() && isWord(s_[at_])) {
                at_++;
            }
            return Token::Kind::identifier;
        }
        if (std::isdigit(static_cast<unsigned char>(c)) ||
            (c == '.' && at_ + 1 < s_.size() && std::isdigit(static_cast<unsigned char>(s_[at_ + 1])))) {
            number();
            return Token::Kind::number;
        }
        if (c == '"' || c == '\'') {
            at_++;
            while (at_ < s_.size() && s_[at_] != c) {
                at_ += s_[at_] == '\\' ? 2 : 1;
            }
            at_++;
            return Token::Kind::text;
        }
        for (const char *pair : kPairs) {
            if (s_.compare(at_, 2, pair) == 0) {
                at_ += 2;
                return Token::Kind::symbol;
            }
        }
        at_++;
        return Token::Kind::symbol;
    }

    void number() {
        bool hex = s_.compare(at_, 2, "0x") == 0 || s_.compare(at_, 2, "0X") == 0;
        while (at_ < s_.size()) {
            char c = s_[at_];
            char before = at_ > 0 ? s_[at_ - 1] : ' ';
            bool exponent = hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E';
            if (!isWord(c) && c != '.' && !((c == '+' || c == '-') && exponent)) {
                return;
            }
            at_++;
        }
    }

    /// The column of a token in its source line: the next place behind the previous token where its text stands.
    int column(const std::string &text) {
        if (line_ < 1 || static_cast<size_t>(line_) > lines_.size()) {
            return 0;
        }
        const std::string &line = lines_[static_cast<size_t>(line_) - 1];
        for (size_t found = line.find(text, cursor_); found != std::string::npos; found = line.find(text, found + 1)) {
            bool word = isWord(text[0]);
            bool whole = !word || ((found == 0 || !isWord(line[found - 1])) &&
                                   (found + text.size() == line.size() || !isWord(line[found + text.size()])));
            if (whole) {
                cursor_ = found + text.size();
                return static_cast<int>(found) + 1;
            }
        }
        return 0;
    }

    const std::string &s_;
    std::vector<std::string> lines_;
    std::vector<Token> tokens_;
    size_t at_ = 0;
    size_t cursor_ = 0; // in the source line
    int line_ = 1;
    bool atLineStart_ = true;
};

} // namespace

std::vector<Token> tokenize(const std::string &preprocessed, const std::string &source) {
    return Lexer(preprocessed, source).run();
}

std::vector<std::string> linesOf(const std::string &text) {
    std::vector<std::string> lines;
    size_t begin = 0;
    while (begin <= text.size()) {
        size_t end = text.find('\n', begin);
        end = end == std::string::npos ? text.size() : end;
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

} // namespace softmetal
