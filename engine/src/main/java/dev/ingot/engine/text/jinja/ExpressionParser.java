package dev.ingot.engine.text.jinja;

import dev.ingot.engine.text.jinja.Expr.Argument;
import dev.ingot.engine.text.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Parses expressions, one method for each level of precedence, the loosest first. As in Jinja, filters and tests bind
/// tighter than arithmetic.
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    /// What may follow `is name` without being its argument.
    private static final Set<String> NOT_AN_ARGUMENT =
            Set.of("else", "or", "and", "is", "if", "in", "not", "recursive");

    private final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /// An expression, or several with commas between them.
    Expr tuple() {
        return tuple(this::expression);
    }

    /// As [#tuple], where a following `if` belongs to somebody else.
    Expr tupleWithoutCondition() {
        return tuple(this::or);
    }

    private Expr tuple(Supplier<Expr> item) {
        var first = item.get();
        if (!tokens.peek().isOperator(",")) {
            return first;
        }
        List<Expr> items = new ArrayList<>(List.of(first));
        while (tokens.takeOperator(",")) {
            var next = tokens.peek();
            if (next.kind() == Kind.PRINT_END
                    || next.kind() == Kind.BLOCK_END
                    || next.isOperator(")")
                    || next.isOperator("]")) {
                break;
            }
            items.add(item.get());
        }
        return new Expr.TupleOf(List.copyOf(items));
    }

    Expr expression() {
        tokens.enter();
        var value = or();
        while (tokens.takeName("if")) {
            var condition = or();
            Optional<Expr> otherwise =
                    tokens.takeName("else") ? Optional.of(expression()) : Optional.empty();
            value = new Expr.Conditional(condition, value, otherwise);
        }
        tokens.leave();
        return value;
    }

    private Expr or() {
        var left = and();
        while (tokens.takeName("or")) {
            left = new Expr.Or(left, and());
        }
        return left;
    }

    private Expr and() {
        var left = not();
        while (tokens.takeName("and")) {
            left = new Expr.And(left, not());
        }
        return left;
    }

    private Expr not() {
        if (tokens.peek().isName("not")) {
            tokens.next();
            tokens.enter();
            var operand = not();
            tokens.leave();
            return new Expr.Not(operand);
        }
        return compare();
    }

    private Expr compare() {
        var first = sum();
        List<Expr.Comparison> rest = new ArrayList<>();
        while (true) {
            var next = tokens.peek();
            if (next.kind() == Kind.OPERATOR && COMPARISONS.contains(next.text())) {
                tokens.next();
                rest.add(new Expr.Comparison(next.text(), sum()));
            } else if (tokens.takeName("in")) {
                rest.add(new Expr.Comparison("in", sum()));
            } else if (next.isName("not") && tokens.peekAfter().isName("in")) {
                tokens.next();
                tokens.next();
                rest.add(new Expr.Comparison("not in", sum()));
            } else {
                return rest.isEmpty() ? first : new Expr.Compare(first, List.copyOf(rest));
            }
        }
    }

    private Expr sum() {
        var left = concat();
        while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
            left = new Expr.Arithmetic(tokens.next().text(), left, concat());
        }
        return left;
    }

    private Expr concat() {
        var first = product();
        if (!tokens.peek().isOperator("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (tokens.takeOperator("~")) {
            parts.add(product());
        }
        return new Expr.Concat(List.copyOf(parts));
    }

    private Expr product() {
        var left = power();
        while (tokens.peek().kind() == Kind.OPERATOR
                && Set.of("*", "/", "//", "%").contains(tokens.peek().text())) {
            left = new Expr.Arithmetic(tokens.next().text(), left, power());
        }
        return left;
    }

    private Expr power() {
        var left = unary(true);
        while (tokens.takeOperator("**")) {
            left = new Expr.Arithmetic("**", left, unary(true));
        }
        return left;
    }

    private Expr unary(boolean withFilters) {
        Expr value;
        if (tokens.peek().isOperator("-") || tokens.peek().isOperator("+")) {
            boolean negative = tokens.next().text().equals("-");
            tokens.enter();
            var operand = unary(false);
            tokens.leave();
            value = negative ? new Expr.Negative(operand) : new Expr.Positive(operand);
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filters(value) : value;
    }

    private Expr primary() {
        var token = tokens.next();
        return switch (token.kind()) {
            case NAME ->
                    switch (token.text()) {
                        case "true", "True" -> new Expr.Literal(true);
                        case "false", "False" -> new Expr.Literal(false);
                        case "none", "None" -> new Expr.Literal(None.NONE);
                        default -> new Expr.Name(token.text());
                    };
            case STRING -> {
                var text = new StringBuilder(token.text());
                while (tokens.peek().kind() == Kind.STRING) {
                    text.append(tokens.next().text());
                }
                yield new Expr.Literal(text.toString());
            }
            case INTEGER -> new Expr.Literal(integer(token));
            case FLOAT -> new Expr.Literal(Double.parseDouble(token.text()));
            case OPERATOR ->
                    switch (token.text()) {
                        case "(" -> parenthesized();
                        case "[" -> new Expr.ListOf(items("]"));
                        case "{" -> dict();
                        default -> throw tokens.unexpected(token);
                    };
            default -> throw tokens.unexpected(token);
        };
    }

    private static long integer(Token token) {
        String digits = token.text();
        try {
            int radix =
                    digits.length() < 2
                            ? 10
                            : switch (digits.charAt(1)) {
                                case 'x', 'X' -> 16;
                                case 'o', 'O' -> 8;
                                case 'b', 'B' -> 2;
                                default -> 10;
                            };
            return Long.parseLong(radix == 10 ? digits : digits.substring(2), radix);
        } catch (NumberFormatException e) {
            throw new TemplateSyntaxException("integer too large: " + digits, token.line());
        }
    }

    private Expr parenthesized() {
        if (tokens.takeOperator(")")) {
            return new Expr.TupleOf(List.of());
        }
        var inner = tuple();
        tokens.expectOperator(")");
        return inner;
    }

    private List<Expr> items(String close) {
        List<Expr> items = new ArrayList<>();
        while (!tokens.takeOperator(close)) {
            items.add(expression());
            separator(close);
        }
        return List.copyOf(items);
    }

    private Expr dict() {
        List<Expr> keys = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!tokens.takeOperator("}")) {
            keys.add(expression());
            tokens.expectOperator(":");
            values.add(expression());
            separator("}");
        }
        return new Expr.DictOf(List.copyOf(keys), List.copyOf(values));
    }

    /// A comma, unless the list ends here.
    private void separator(String close) {
        if (!tokens.takeOperator(",") && !tokens.peek().isOperator(close)) {
            throw new TemplateSyntaxException(
                    "expected ',' or '" + close + "', got " + tokens.peek(), tokens.peek().line());
        }
    }

    private Expr postfix(Expr start) {
        var value = start;
        while (true) {
            if (tokens.takeOperator(".")) {
                var member = tokens.next();
                value =
                        switch (member.kind()) {
                            case NAME -> new Expr.Attribute(value, member.text());
                            case INTEGER -> new Expr.Item(value, new Expr.Literal(integer(member)));
                            default ->
                                    throw new TemplateSyntaxException(
                                            "expected name or number", member.line());
                        };
            } else if (tokens.takeOperator("[")) {
                value = subscript(value);
            } else if (tokens.peek().isOperator("(")) {
                value = new Expr.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expr subscript(Expr target) {
        Optional<Expr> from =
                tokens.peek().isOperator(":") ? Optional.empty() : Optional.of(tuple());
        if (from.isPresent() && tokens.takeOperator("]")) {
            return new Expr.Item(target, from.get());
        }
        tokens.expectOperator(":");
        Optional<Expr> to =
                tokens.peek().isOperator("]") || tokens.peek().isOperator(":")
                        ? Optional.empty()
                        : Optional.of(expression());
        Optional<Expr> step =
                tokens.takeOperator(":") && !tokens.peek().isOperator("]")
                        ? Optional.of(expression())
                        : Optional.empty();
        tokens.expectOperator("]");
        return new Expr.Slice(target, from, to, step);
    }

    private Expr filters(Expr start) {
        var value = start;
        while (true) {
            if (tokens.takeOperator("|")) {
                value = filter(value);
            } else if (tokens.takeName("is")) {
                value = test(value);
            } else if (tokens.peek().isOperator("(")) {
                value = new Expr.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expr filter(Expr input) {
        String name = dottedName();
        return new Expr.Filter(
                input, name, tokens.peek().isOperator("(") ? arguments() : List.of());
    }

    private Expr test(Expr input) {
        boolean negated = tokens.takeName("not");
        String name = dottedName();
        List<Argument> arguments = List.of();
        var next = tokens.peek();
        if (next.isOperator("(")) {
            arguments = arguments();
        } else if (beginsArgument(next)) {
            arguments = List.of(new Argument.Positional(postfix(primary())));
        }
        return new Expr.Test(input, name, arguments, negated);
    }

    private static boolean beginsArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> !NOT_AN_ARGUMENT.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }

    /// The filters of `{% filter name | name %}`.
    Expr filterBlock() {
        return filters(filter(new Expr.BlockText()));
    }

    /// The filters of `{% set x | name %}`, none at all among them.
    Expr filtersOfBlock() {
        return filters(new Expr.BlockText());
    }

    private String dottedName() {
        var name = new StringBuilder(tokens.expect(Kind.NAME).text());
        while (tokens.takeOperator(".")) {
            name.append('.').append(tokens.expect(Kind.NAME).text());
        }
        return name.toString();
    }

    private List<Argument> arguments() {
        tokens.expectOperator("(");
        List<Argument> arguments = new ArrayList<>();
        while (!tokens.takeOperator(")")) {
            if (tokens.takeOperator("**")) {
                arguments.add(new Argument.UnpackedKeywords(expression()));
            } else if (tokens.takeOperator("*")) {
                arguments.add(new Argument.Unpacked(expression()));
            } else if (tokens.peek().kind() == Kind.NAME && tokens.peekAfter().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                arguments.add(new Argument.Keyword(name, expression()));
            } else {
                arguments.add(new Argument.Positional(expression()));
            }
            separator(")");
        }
        return List.copyOf(arguments);
    }
}
