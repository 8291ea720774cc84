package dev.ingot.engine.text.jinja;

import java.time.Clock;
import java.util.List;
import java.util.Map;

/// A parsed template, to be rendered any number of times from any thread.
public final class Template {
    private static final int MAX_VALUE_DEPTH = 200;

    private final List<Stmt> body;
    private final Limits limits;

    private Template(List<Stmt> body, Limits limits) {
        this.body = body;
        this.limits = limits;
    }

    /// Reads a template's source.
    ///
    /// @throws TemplateSyntaxException naming the line
    public static Template parse(String source) {
        return parse(source, Limits.DEFAULT);
    }

    /// As [#parse(String)], where a rendering may cost more or less.
    public static Template parse(String source, Limits limits) {
        return new Template(Parser.parse(source), limits);
    }

    /// Fills the template in.
    ///
    /// @param variables JSON-like values: null, booleans, numbers, strings, lists, maps
    /// @param clock what `strftime_now` reads
    /// @throws TemplateRaisedException when the template itself refuses the values
    /// @throws TemplateLimitException when it costs too much
    /// @throws TemplateException when it is wrong about the values
    public String render(Map<String, ?> variables, Clock clock) {
        return Budget.spend(
                limits,
                () -> {
                    var scope = new Scope(Globals.scope(clock));
                    variables.forEach(
                            (name, value) -> scope.set(name, Values.of(value, MAX_VALUE_DEPTH)));
                    var out = new StringBuilder();
                    try {
                        new Evaluator().run(body, scope, out);
                    } catch (StackOverflowError e) {
                        // The limit on depth keeps clear of an ordinary stack; the caller's may be
                        // nearly used up.
                        throw new TemplateLimitException(
                                "the template nests deeper than this thread's stack");
                    }
                    return out.toString();
                });
    }

    @Override
    public String toString() {
        return "Template[" + body.size() + " parts]";
    }
}
