package dev.ingot.engine.text.jinja;

import java.util.List;
import java.util.Optional;

/// An expression of a template.
sealed interface Expr {
    /// A value that is written in the source.
    record Literal(Object value) implements Expr {}

    record Name(String name) implements Expr {}

    record ListOf(List<Expr> items) implements Expr {}

    record TupleOf(List<Expr> items) implements Expr {}

    record DictOf(List<Expr> keys, List<Expr> values) implements Expr {}

    /// `target.name`: an attribute before an item.
    record Attribute(Expr target, String name) implements Expr {}

    /// `target[key]`: an item before an attribute.
    record Item(Expr target, Expr key) implements Expr {}

    record Slice(Expr target, Optional<Expr> from, Optional<Expr> to, Optional<Expr> step)
            implements Expr {}

    record Call(Expr target, List<Argument> arguments) implements Expr {}

    record Filter(Expr input, String name, List<Argument> arguments) implements Expr {}

    /// `input is name(arguments)`
    record Test(Expr input, String name, List<Argument> arguments, boolean negated)
            implements Expr {}

    record Negative(Expr operand) implements Expr {}

    record Positive(Expr operand) implements Expr {}

    record Not(Expr operand) implements Expr {}

    record And(Expr left, Expr right) implements Expr {}

    record Or(Expr left, Expr right) implements Expr {}

    /// `first op operand op operand …`: true if each neighbouring pair is.
    record Compare(Expr first, List<Comparison> rest) implements Expr {}

    record Arithmetic(String operator, Expr left, Expr right) implements Expr {}

    /// `a ~ b ~ c`
    record Concat(List<Expr> parts) implements Expr {}

    /// `then if condition else otherwise`
    record Conditional(Expr condition, Expr then, Optional<Expr> otherwise) implements Expr {}

    /// What the filters of a block apply to.
    record BlockText() implements Expr {}

    /// One link of a chain of comparisons: `==`, `<` and so on, `in`, or `not in`, and what is on its right.
    record Comparison(String operator, Expr operand) {}

    /// An argument of a call.
    sealed interface Argument {
        Expr value();

        record Positional(Expr value) implements Argument {}

        record Keyword(String name, Expr value) implements Argument {}

        /// `*value`
        record Unpacked(Expr value) implements Argument {}

        /// `**value`
        record UnpackedKeywords(Expr value) implements Argument {}
    }
}
