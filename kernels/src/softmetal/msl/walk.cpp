// Moving over the tokens of a source: past brackets, template arguments and statements.
#include "translate.h"

#include <algorithm>

namespace softmetal {

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

} // namespace softmetal
