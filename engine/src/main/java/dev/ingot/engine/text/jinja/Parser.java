package dev.ingot.engine.text.jinja;

import dev.ingot.engine.text.jinja.Stmt.Target;
import dev.ingot.engine.text.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Builds the tree of a template: its statements here, their expressions in [ExpressionParser].
final class Parser {
    /// Blocks and brackets inside one another; so far a parser's own stack reaches.
    static final int MAX_DEPTH = 100;

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Stmt> parse(String source) {
        return new Parser(new TokenStream(Lexer.tokens(source))).statements(Set.of());
    }

    /// Statements up to a tag with one of these names; its name is the next token then.
    private List<Stmt> statements(Set<String> ends) {
        tokens.enter();
        List<Stmt> body = new ArrayList<>();
        while (true) {
            var token = tokens.next();
            switch (token.kind()) {
                case TEXT -> body.add(new Stmt.Text(token.text()));
                case PRINT_BEGIN -> {
                    body.add(new Stmt.Print(expressions.tuple(), token.line()));
                    tokens.expect(Kind.PRINT_END);
                }
                case BLOCK_BEGIN -> {
                    var name = tokens.expect(Kind.NAME);
                    if (ends.contains(name.text())) {
                        tokens.back();
                        tokens.leave();
                        return List.copyOf(body);
                    }
                    body.add(statement(name));
                }
                case END -> {
                    if (!ends.isEmpty()) {
                        throw new TemplateSyntaxException(
                                "unexpected end of template, missing " + String.join(" or ", ends),
                                token.line());
                    }
                    tokens.leave();
                    return List.copyOf(body);
                }
                default -> throw tokens.unexpected(token);
            }
        }
    }

    private Stmt statement(Token tag) {
        int line = tag.line();
        return switch (tag.text()) {
            case "if" -> ifStatement(line);
            case "for" -> forStatement(line);
            case "set" -> setStatement(line);
            case "macro" -> {
                String name = tokens.expect(Kind.NAME).text();
                yield new Stmt.Macro(name, signature(), block("endmacro"));
            }
            case "call" -> {
                var signature =
                        tokens.peek().isOperator("(") ? signature() : new Stmt.Signature(List.of());
                if (!(expressions.expression() instanceof Expr.Call call)) {
                    throw new TemplateSyntaxException("expected call", line);
                }
                yield new Stmt.CallBlock(signature, call, block("endcall"), line);
            }
            case "filter" ->
                    new Stmt.FilterBlock(expressions.filterBlock(), block("endfilter"), line);
            case "with" -> withStatement(line);
            case "generation" -> new Stmt.Generation(block("endgeneration"));
            case "do" -> {
                var value = expressions.tuple();
                tokens.expect(Kind.BLOCK_END);
                yield new Stmt.Do(value, line);
            }
            case "break" -> loopControl(new Stmt.Break(), line);
            case "continue" -> loopControl(new Stmt.Continue(), line);
            default -> throw new TemplateSyntaxException("unknown tag '" + tag.text() + "'", line);
        };
    }

    private Stmt loopControl(Stmt control, int line) {
        if (loops == 0) {
            throw new TemplateSyntaxException("break or continue outside of a loop", line);
        }
        tokens.expect(Kind.BLOCK_END);
        return control;
    }

    private Stmt ifStatement(int line) {
        List<Stmt.Branch> branches = new ArrayList<>();
        List<Stmt> otherwise = List.of();
        String next = "elif";
        while (next.equals("elif")) {
            var condition = expressions.tuple();
            tokens.expect(Kind.BLOCK_END);
            branches.add(new Stmt.Branch(condition, statements(Set.of("elif", "else", "endif"))));
            next = tokens.next().text();
        }
        if (next.equals("else")) {
            otherwise = block("endif");
        } else {
            tokens.expect(Kind.BLOCK_END);
        }
        return new Stmt.If(List.copyOf(branches), otherwise, line);
    }

    private Stmt forStatement(int line) {
        var target = target();
        tokens.expectName("in");
        var items = expressions.tupleWithoutCondition();
        Optional<Expr> condition =
                tokens.takeName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.takeName("recursive");
        tokens.expect(Kind.BLOCK_END);
        loops++;
        var body = statements(Set.of("else", "endfor"));
        loops--;
        List<Stmt> otherwise = List.of();
        if (tokens.next().text().equals("else")) {
            otherwise = block("endfor");
        } else {
            tokens.expect(Kind.BLOCK_END);
        }
        return new Stmt.For(target, items, condition, recursive, body, otherwise, line);
    }

    private Stmt setStatement(int line) {
        Target target;
        String first = tokens.peek().text();
        if (tokens.peek().kind() == Kind.NAME && tokens.peekAfter().isOperator(".")) {
            tokens.next();
            tokens.next();
            target = new Target.NamespaceField(first, tokens.expect(Kind.NAME).text());
        } else {
            target = target();
        }
        if (tokens.takeOperator("=")) {
            var value = expressions.tuple();
            tokens.expect(Kind.BLOCK_END);
            return new Stmt.Set(target, value, line);
        }
        return new Stmt.SetBlock(target, expressions.filtersOfBlock(), block("endset"), line);
    }

    private Stmt withStatement(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (tokens.peek().kind() != Kind.BLOCK_END) {
            targets.add(new Target.Variable(tokens.expect(Kind.NAME).text()));
            tokens.expectOperator("=");
            values.add(expressions.expression());
            if (!tokens.takeOperator(",")) {
                break;
            }
        }
        return new Stmt.With(List.copyOf(targets), List.copyOf(values), block("endwith"), line);
    }

    /// The end of a tag, a body, and the whole tag that ends it.
    private List<Stmt> block(String end) {
        tokens.expect(Kind.BLOCK_END);
        var body = statements(Set.of(end));
        tokens.next();
        tokens.expect(Kind.BLOCK_END);
        return body;
    }

    private Stmt.Signature signature() {
        List<Stmt.Signature.Parameter> parameters = new ArrayList<>();
        tokens.expectOperator("(");
        while (!tokens.takeOperator(")")) {
            var name = tokens.expect(Kind.NAME);
            Optional<Expr> value =
                    tokens.takeOperator("=")
                            ? Optional.of(expressions.expression())
                            : Optional.empty();
            if (value.isEmpty()
                    && !parameters.isEmpty()
                    && parameters.getLast().defaultValue().isPresent()) {
                throw new TemplateSyntaxException(
                        "a parameter without a default follows one with", name.line());
            }
            parameters.add(new Stmt.Signature.Parameter(name.text(), value));
            if (!tokens.takeOperator(",") && !tokens.peek().isOperator(")")) {
                throw tokens.unexpected(tokens.peek());
            }
        }
        return new Stmt.Signature(List.copyOf(parameters));
    }

    /// `a`, `a, b`, `(a, b), c`
    private Target target() {
        var first = oneTarget();
        if (!tokens.peek().isOperator(",")) {
            return first;
        }
        List<Target> targets = new ArrayList<>(List.of(first));
        while (tokens.takeOperator(",")) {
            var next = tokens.peek();
            if ((next.kind() == Kind.NAME && !next.isName("in")) || next.isOperator("(")) {
                targets.add(oneTarget());
            }
        }
        return new Target.Several(List.copyOf(targets));
    }

    private Target oneTarget() {
        if (!tokens.takeOperator("(")) {
            return new Target.Variable(tokens.expect(Kind.NAME).text());
        }
        tokens.enter();
        var inner = target();
        tokens.leave();
        tokens.expectOperator(")");
        return inner;
    }
}
