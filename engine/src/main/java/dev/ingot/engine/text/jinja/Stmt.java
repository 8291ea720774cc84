package dev.ingot.engine.text.jinja;

import java.util.List;
import java.util.Optional;

/// A part of a template's body.
sealed interface Stmt {
    record Text(String text) implements Stmt {}

    /// `{{ value }}`
    record Print(Expr value, int line) implements Stmt {}

    /// `if` and every `elif`, then `else`.
    record If(List<Branch> branches, List<Stmt> otherwise, int line) implements Stmt {}

    record Branch(Expr condition, List<Stmt> body) {}

    /// `otherwise` runs when there was no item.
    record For(
            Target target,
            Expr items,
            Optional<Expr> condition,
            boolean recursive,
            List<Stmt> body,
            List<Stmt> otherwise,
            int line)
            implements Stmt {}

    /// `{% set target = value %}`
    record Set(Target target, Expr value, int line) implements Stmt {}

    /// `{% set target | filters %}body{% endset %}`
    record SetBlock(Target target, Expr filters, List<Stmt> body, int line) implements Stmt {}

    record Macro(String name, Signature signature, List<Stmt> body) implements Stmt {}

    /// `{% call(signature) call %}body{% endcall %}`: the macro that is called calls `caller()` for the body.
    record CallBlock(Signature signature, Expr.Call call, List<Stmt> body, int line)
            implements Stmt {}

    /// `{% filter filters %}body{% endfilter %}`
    record FilterBlock(Expr filters, List<Stmt> body, int line) implements Stmt {}

    record With(List<Target> targets, List<Expr> values, List<Stmt> body, int line)
            implements Stmt {}

    /// `{% generation %}`: transformers' own tag; it marks what a model wrote and prints its body.
    record Generation(List<Stmt> body) implements Stmt {}

    /// `{% do value %}`
    record Do(Expr value, int line) implements Stmt {}

    record Break() implements Stmt {}

    record Continue() implements Stmt {}

    /// What a value is assigned to.
    sealed interface Target {
        record Variable(String name) implements Target {}

        /// `namespace.name`
        record NamespaceField(String namespace, String name) implements Target {}

        record Several(List<Target> targets) implements Target {}
    }

    /// A macro's parameters; those with a default come last.
    record Signature(List<Parameter> parameters) {
        record Parameter(String name, Optional<Expr> defaultValue) {}
    }
}
