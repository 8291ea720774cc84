package dev.ingot.engine.text.jinja;

import dev.ingot.engine.text.jinja.Expr.Argument;
import dev.ingot.engine.text.jinja.Stmt.Target;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Runs a template's tree.
///
/// Scopes are jinja2's: a loop's body, a macro, `with` and a captured block have their own variables; `if` has not; what
/// is set inside is gone outside, except through a [Namespace].
final class Evaluator {
    /// How a body ended.
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    /// Where `{% filter %}` and `{% set %}` keep the text that their filters apply to; no name can be this.
    private static final String BLOCK_TEXT = "{%";

    private final Budget budget = Budget.current();

    void run(List<Stmt> body, Scope scope, StringBuilder out) {
        execute(body, scope, out);
    }

    private Flow execute(List<Stmt> body, Scope scope, StringBuilder out) {
        budget.enter();
        for (var statement : body) {
            Budget.step();
            var flow = execute(statement, scope, out);
            if (flow != Flow.NEXT) {
                budget.leave();
                return flow;
            }
        }
        budget.leave();
        return Flow.NEXT;
    }

    private Flow execute(Stmt statement, Scope scope, StringBuilder out) {
        try {
            return switch (statement) {
                case Stmt.Text(String text) -> print(text, out);
                case Stmt.Print(var value, _) -> print(Printer.str(evaluate(value, scope)), out);
                case Stmt.If branches -> runIf(branches, scope, out);
                case Stmt.For loop -> runFor(loop, evaluate(loop.items(), scope), 0, scope, out);
                case Stmt.Set(var target, var value, _) ->
                        assign(target, evaluate(value, scope), scope);
                case Stmt.SetBlock(var target, var filters, var body, _) ->
                        assign(target, filtered(filters, body, scope), scope);
                case Stmt.FilterBlock(var filters, var body, _) ->
                        print(Printer.str(filtered(filters, body, scope)), out);
                case Stmt.Macro(var name, var signature, var body) -> {
                    scope.set(name, macro(signature, body, scope));
                    yield Flow.NEXT;
                }
                case Stmt.CallBlock(var signature, var call, var body, _) ->
                        print(
                                Printer.str(
                                        call(
                                                call,
                                                scope,
                                                Optional.of(macro(signature, body, scope)))),
                                out);
                case Stmt.With(var targets, var values, var body, _) -> {
                    var inner = new Scope(scope);
                    for (int i = 0; i < targets.size(); i++) {
                        assign(targets.get(i), evaluate(values.get(i), scope), inner);
                    }
                    yield execute(body, inner, out);
                }
                case Stmt.Generation(var body) -> execute(body, new Scope(scope), out);
                case Stmt.Do(var value, _) -> {
                    evaluate(value, scope);
                    yield Flow.NEXT;
                }
                case Stmt.Break() -> Flow.BREAK;
                case Stmt.Continue() -> Flow.CONTINUE;
            };
        } catch (TemplateException e) {
            throw e.at(line(statement));
        }
    }

    private static int line(Stmt statement) {
        return switch (statement) {
            case Stmt.Print print -> print.line();
            case Stmt.If branches -> branches.line();
            case Stmt.For loop -> loop.line();
            case Stmt.Set set -> set.line();
            case Stmt.SetBlock set -> set.line();
            case Stmt.FilterBlock filter -> filter.line();
            case Stmt.CallBlock call -> call.line();
            case Stmt.With with -> with.line();
            case Stmt.Do call -> call.line();
            case Stmt.Text _, Stmt.Macro _, Stmt.Generation _, Stmt.Break _, Stmt.Continue _ -> 0;
        };
    }

    private static Flow print(String text, StringBuilder out) {
        Budget.allocate(text.length());
        out.append(text);
        return Flow.NEXT;
    }

    private Flow runIf(Stmt.If statement, Scope scope, StringBuilder out) {
        for (var branch : statement.branches()) {
            if (Values.isTrue(evaluate(branch.condition(), scope))) {
                return execute(branch.body(), scope, out);
            }
        }
        return execute(statement.otherwise(), scope, out);
    }

    private Flow runFor(Stmt.For loop, Object items, int depth, Scope scope, StringBuilder out) {
        var chosen = chosenItems(loop, items, scope);
        if (chosen.isEmpty()) {
            return execute(loop.otherwise(), new Scope(scope), out);
        }
        Callable again =
                arguments -> {
                    var inner = new StringBuilder();
                    runFor(loop, arguments.required(0, "iterable"), depth + 1, scope, inner);
                    return inner.toString();
                };
        var context = new LoopContext(chosen, depth, loop.recursive() ? again : null);
        for (int i = 0; i < chosen.size(); i++) {
            Budget.step();
            context.moveTo(i);
            var inner = new Scope(scope);
            inner.set("loop", context);
            assign(loop.target(), chosen.get(i), inner);
            if (execute(loop.body(), inner, out) == Flow.BREAK) {
                break;
            }
        }
        return Flow.NEXT;
    }

    private List<Object> chosenItems(Stmt.For loop, Object items, Scope scope) {
        var all = Values.items(items);
        if (loop.condition().isEmpty()) {
            return all;
        }
        List<Object> chosen = new ArrayList<>();
        for (Object item : all) {
            var inner = new Scope(scope);
            assign(loop.target(), item, inner);
            if (Values.isTrue(evaluate(loop.condition().get(), inner))) {
                chosen.add(item);
            }
        }
        return chosen;
    }

    private static Flow assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.Variable(String name) -> scope.set(name, value);
            case Target.NamespaceField(String variable, String name) -> {
                if (!(scope.find(variable) instanceof Namespace namespace)) {
                    throw new TemplateException("cannot assign attribute on non-namespace object");
                }
                namespace.set(name, value);
            }
            case Target.Several(var targets) -> {
                var items = Values.items(value);
                if (items.size() != targets.size()) {
                    throw new TemplateException(
                            items.size() > targets.size()
                                    ? "too many values to unpack (expected " + targets.size() + ")"
                                    : "not enough values to unpack (expected "
                                            + targets.size()
                                            + ", got "
                                            + items.size()
                                            + ")");
                }
                for (int i = 0; i < items.size(); i++) {
                    assign(targets.get(i), items.get(i), scope);
                }
            }
        }
        return Flow.NEXT;
    }

    private Object filtered(Expr filters, List<Stmt> body, Scope scope) {
        var inner = new Scope(scope);
        var text = new StringBuilder();
        execute(body, inner, text);
        inner.set(BLOCK_TEXT, text.toString());
        return evaluate(filters, inner);
    }

    private Callable macro(Stmt.Signature signature, List<Stmt> body, Scope definedIn) {
        return arguments -> {
            var scope = new Scope(definedIn);
            Map<Object, Object> others = new LinkedHashMap<>(arguments.keywords());
            var parameters = signature.parameters();
            for (int i = 0; i < parameters.size(); i++) {
                String name = parameters.get(i).name();
                Object given = arguments.find(i, name);
                if (given == null) {
                    var byDefault = parameters.get(i).defaultValue();
                    given =
                            byDefault.isPresent()
                                    ? evaluate(byDefault.get(), scope)
                                    : new Undefined("parameter '" + name + "' was not provided");
                }
                scope.set(name, given);
                others.remove(name);
            }
            Object caller = others.remove("caller");
            if (caller != null) {
                scope.set("caller", caller);
            }
            scope.set("varargs", new Tuple(arguments.after(parameters.size()).positional()));
            scope.set("kwargs", others);
            var out = new StringBuilder();
            execute(body, scope, out);
            return out.toString();
        };
    }

    private Object evaluate(Expr expression, Scope scope) {
        Budget.step();
        budget.enter();
        Object value =
                switch (expression) {
                    case Expr.Literal(Object literal) -> literal;
                    case Expr.Name(String name) -> variable(name, scope);
                    case Expr.ListOf(var items) -> all(items, scope);
                    case Expr.TupleOf(var items) -> new Tuple(all(items, scope));
                    case Expr.DictOf(var keys, var values) -> {
                        Map<Object, Object> dict = new LinkedHashMap<>();
                        for (int i = 0; i < keys.size(); i++) {
                            dict.put(
                                    Values.key(evaluate(keys.get(i), scope)),
                                    evaluate(values.get(i), scope));
                        }
                        yield dict;
                    }
                    case Expr.Attribute(var target, String name) ->
                            Access.attribute(evaluate(target, scope), name);
                    case Expr.Item(var target, var key) ->
                            Access.item(evaluate(target, scope), evaluate(key, scope));
                    case Expr.Slice(var target, var from, var to, var step) ->
                            Access.slice(
                                    evaluate(target, scope),
                                    optional(from, scope),
                                    optional(to, scope),
                                    optional(step, scope));
                    case Expr.Call call -> call(call, scope, Optional.empty());
                    case Expr.Filter(var input, String name, var arguments) ->
                            Filters.apply(
                                    name, evaluate(input, scope), arguments(arguments, scope));
                    case Expr.Test(var input, String name, var arguments, boolean negated) ->
                            TestFunctions.apply(
                                            name,
                                            evaluate(input, scope),
                                            arguments(arguments, scope))
                                    != negated;
                    case Expr.Negative(var operand) -> Operators.negate(evaluate(operand, scope));
                    case Expr.Positive(var operand) -> Operators.positive(evaluate(operand, scope));
                    case Expr.Not(var operand) -> !Values.isTrue(evaluate(operand, scope));
                    case Expr.And(var left, var right) -> {
                        Object first = evaluate(left, scope);
                        yield Values.isTrue(first) ? evaluate(right, scope) : first;
                    }
                    case Expr.Or(var left, var right) -> {
                        Object first = evaluate(left, scope);
                        yield Values.isTrue(first) ? first : evaluate(right, scope);
                    }
                    case Expr.Compare(var first, var rest) -> compare(first, rest, scope);
                    case Expr.Arithmetic(String operator, var left, var right) ->
                            Operators.apply(
                                    operator, evaluate(left, scope), evaluate(right, scope));
                    case Expr.Concat(var parts) -> Operators.concat(all(parts, scope));
                    case Expr.Conditional(var condition, var then, var otherwise) ->
                            Values.isTrue(evaluate(condition, scope))
                                    ? evaluate(then, scope)
                                    : optional(otherwise, scope)
                                            .orElseGet(() ->
                                                    new Undefined(
                                                            "the inline if-expression evaluated to false and no else section was defined."));
                    case Expr.BlockText() -> variable(BLOCK_TEXT, scope);
                };
        budget.leave();
        return value;
    }

    private static Object variable(String name, Scope scope) {
        Object value = scope.find(name);
        return value != null ? value : new Undefined("'" + name + "' is undefined");
    }

    private boolean compare(Expr first, List<Expr.Comparison> rest, Scope scope) {
        Object left = evaluate(first, scope);
        for (var comparison : rest) {
            Object right = evaluate(comparison.operand(), scope);
            boolean holds =
                    switch (comparison.operator()) {
                        case "==" -> Values.equal(left, right);
                        case "!=" -> !Values.equal(left, right);
                        case "<" -> Values.compare(left, right) < 0;
                        case ">" -> Values.compare(left, right) > 0;
                        case "<=" -> Values.compare(left, right) <= 0;
                        case ">=" -> Values.compare(left, right) >= 0;
                        case "in" -> Values.contains(right, left);
                        case "not in" -> !Values.contains(right, left);
                        default -> throw new IllegalStateException(comparison.operator());
                    };
            if (!holds) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object call(Expr.Call call, Scope scope, Optional<Callable> caller) {
        Object target = evaluate(call.target(), scope);
        var arguments = arguments(call.arguments(), scope);
        if (caller.isPresent()) {
            Map<String, Object> keywords = new LinkedHashMap<>(arguments.keywords());
            keywords.put("caller", caller.get());
            arguments = new Arguments(arguments.positional(), keywords);
        }
        Object result =
                switch (target) {
                    case Callable callable -> callable.call(arguments);
                    case LoopContext loop -> loop.call(arguments);
                    case Undefined undefined -> throw undefined.used();
                    default ->
                            throw new TemplateException(
                                    "'" + Values.typeName(target) + "' object is not callable");
                };
        if (result instanceof String text) {
            Budget.allocate(text.length());
        }
        return result;
    }

    private Arguments arguments(List<Argument> given, Scope scope) {
        if (given.isEmpty()) {
            return Arguments.NONE;
        }
        List<Object> positional = new ArrayList<>();
        Map<String, Object> keywords = new LinkedHashMap<>();
        for (var argument : given) {
            Object value = evaluate(argument.value(), scope);
            switch (argument) {
                case Argument.Positional _ -> positional.add(value);
                case Argument.Keyword(String name, _) -> keywords.put(name, value);
                case Argument.Unpacked _ -> positional.addAll(Values.items(value));
                case Argument.UnpackedKeywords _ -> {
                    if (!(value instanceof Map<?, ?> dict)) {
                        throw new TemplateException("argument after ** must be a mapping");
                    }
                    dict.forEach((name, each) -> keywords.put(Printer.str(name), each));
                }
            }
        }
        return new Arguments(positional, keywords);
    }

    private List<Object> all(List<Expr> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (var each : expressions) {
            values.add(evaluate(each, scope));
        }
        return values;
    }

    private Optional<Object> optional(Optional<Expr> expression, Scope scope) {
        return expression.map(each -> evaluate(each, scope));
    }
}
