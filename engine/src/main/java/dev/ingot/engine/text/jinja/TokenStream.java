package dev.ingot.engine.text.jinja;

import dev.ingot.engine.text.jinja.Token.Kind;
import java.util.List;

/// The tokens that a parser has before it, and how deep it is.
final class TokenStream {
    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    /// The token after the next one.
    Token peekAfter() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /// The last token, `END`, is given again and again.
    Token next() {
        var token = tokens.get(at);
        if (at + 1 < tokens.size()) {
            at++;
        }
        return token;
    }

    void back() {
        at--;
    }

    boolean takeOperator(String operator) {
        return take(peek().isOperator(operator));
    }

    boolean takeName(String name) {
        return take(peek().isName(name));
    }

    Token expect(Kind kind) {
        var token = next();
        if (token.kind() != kind) {
            throw new TemplateSyntaxException("expected " + kind + ", got " + token, token.line());
        }
        return token;
    }

    void expectOperator(String operator) {
        if (!takeOperator(operator)) {
            throw new TemplateSyntaxException(
                    "expected '" + operator + "', got " + peek(), peek().line());
        }
    }

    void expectName(String name) {
        if (!takeName(name)) {
            throw new TemplateSyntaxException(
                    "expected '" + name + "', got " + peek(), peek().line());
        }
    }

    TemplateSyntaxException unexpected(Token token) {
        return new TemplateSyntaxException("unexpected " + token, token.line());
    }

    /// One level deeper; each call is followed by one of [#leave].
    void enter() {
        if (++depth > Parser.MAX_DEPTH) {
            throw new TemplateSyntaxException(
                    "nested deeper than " + Parser.MAX_DEPTH + " levels", peek().line());
        }
    }

    void leave() {
        depth--;
    }

    private boolean take(boolean matches) {
        if (matches) {
            next();
        }
        return matches;
    }
}
