// What C++ writes differently inside of expressions: constructions of vectors, and literals.
#include "translate.h"

namespace softmetal {

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

} // namespace softmetal
