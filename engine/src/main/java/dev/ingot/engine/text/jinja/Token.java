package dev.ingot.engine.text.jinja;

/// A word of a template's source.
///
/// @param text a name, an operator, a literal's digits, or the value of a string or of plain text
/// @param line where it begins, counted from 1
record Token(Kind kind, String text, int line) {
    enum Kind {
        TEXT("text"),
        PRINT_BEGIN("'{{'"),
        PRINT_END("'}}'"),
        BLOCK_BEGIN("'{%'"),
        BLOCK_END("'%}'"),
        NAME("a name"),
        STRING("a string"),
        INTEGER("an integer"),
        FLOAT("a number"),
        OPERATOR("an operator"),
        END("the end of the template");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    @Override
    public String toString() {
        return text.isEmpty() ? kind.toString() : "'" + text + "'";
    }
}
