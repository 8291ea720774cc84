#include "lint.h"

#include <algorithm>
#include <map>

namespace softmetal {
namespace {

/// The token behind the bracket that closes the one at `open`.
size_t past(const std::vector<Token> &t, size_t open) {
    static const std::map<std::string, const char *> closing = {{"(", ")"}, {"{", "}"}, {"[", "]"}, {"<", ">"}};
    const std::string opening = t[open].text;
    const char *close = closing.at(opening);
    int depth = 0;
    for (size_t i = open; i + 1 < t.size(); i++) {
        depth += t[i].is(opening.c_str());
        depth -= t[i].is(close);
        if (depth == 0) {
            return i + 1;
        }
    }
    return t.size() - 1;
}

bool isReal(const Token &token) {
    const std::string &s = token.text;
    bool hex = s.size() > 1 && (s[1] == 'x' || s[1] == 'X');
    return token.kind == Token::Kind::number &&
           (s.find('.') != std::string::npos || s.find_first_of(hex ? "pP" : "eE") != std::string::npos);
}

void literals(const std::vector<Token> &t, std::vector<Diagnostic> *found) {
    for (const Token &token : t) {
        char last = token.text.empty() ? '\0' : token.text.back();
        if (isReal(token) && last != 'f' && last != 'F' && last != 'h' && last != 'H') {
            found->push_back({token.line, token.column, "a literal without f or h: its type would be another compiler's choice"});
        }
    }
}

/// What has no meaning where numbers are assumed to be finite, as Metal assumes unless it is told otherwise.
void infinities(const std::vector<Token> &t, std::vector<Diagnostic> *found) {
    for (size_t i = 0; i + 1 < t.size(); i++) {
        const Token &token = t[i];
        bool asks = t[i + 1].is("(") && (token.is("isnan") || token.is("isinf") || token.is("isfinite"));
        if (asks || token.is("INFINITY") || token.is("NAN") || token.is("HUGE_VALF")) {
            found->push_back({token.line, token.column,
                              token.text + " has no meaning under fast math: use a finite sentinel, or look at the bits"});
        }
    }
}

void inheritance(const std::vector<Token> &t, std::vector<Diagnostic> *found) {
    for (size_t i = 0; i + 2 < t.size(); i++) {
        bool parameter = i > 0 && (t[i - 1].is("<") || t[i - 1].is(","));
        if ((t[i].is("struct") || t[i].is("class")) && !parameter && t[i + 2].is(":")) {
            found->push_back({t[i + 2].line, t[i + 2].column, "inheritance is outside the kernels' profile of the language"});
        }
    }
}

/// A function that is no kernel is inline: one copy of it in each library would do, but Metal links no libraries for us.
void helpers(const std::vector<Token> &t, std::vector<Diagnostic> *found) {
    for (size_t i = 0; i + 1 < t.size();) {
        if (t[i].kind == Token::Kind::directive || t[i].is(";") || t[i].is("}")) {
            i++;
            continue;
        }
        size_t begin = i;
        bool allowed = false;
        bool type = false;
        size_t name = 0;
        while (i + 1 < t.size() && !t[i].is(";") && !t[i].is("{") && !t[i].is("=")) {
            allowed = allowed || t[i].is("inline") || t[i].is("kernel") || t[i].is("METAL_FUNC") || t[i].is("using") || t[i].is("typedef");
            type = type || ((t[i].is("struct") || t[i].is("class") || t[i].is("enum") || t[i].is("namespace")) && name == 0);
            if (t[i].is("template") && t[i + 1].is("<")) {
                i = past(t, i + 1);
                begin = i;
            } else if (t[i].is("(")) {
                name = name == 0 && i > begin ? i - 1 : name;
                i = past(t, i);
            } else {
                i++;
            }
        }
        bool body = i + 1 < t.size() && t[i].is("{");
        if (body && name != 0 && !allowed && !type) {
            found->push_back({t[name].line, t[name].column, "'" + t[name].text + "' is neither a kernel nor inline"});
        }
        if (body) {
            bool space = t[begin].is("namespace");
            i = space ? i + 1 : past(t, i);
        } else {
            while (i + 1 < t.size() && !t[i].is(";")) {
                i = t[i].is("{") || t[i].is("(") ? past(t, i) : i + 1;
            }
        }
    }
}

} // namespace

std::vector<Diagnostic> profileFindings(const std::vector<Token> &tokens) {
    std::vector<Diagnostic> found;
    literals(tokens, &found);
    infinities(tokens, &found);
    inheritance(tokens, &found);
    helpers(tokens, &found);
    std::sort(found.begin(), found.end(), [](const Diagnostic &a, const Diagnostic &b) {
        return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
    return found;
}

} // namespace softmetal
