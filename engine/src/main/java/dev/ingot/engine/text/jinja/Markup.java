package dev.ingot.engine.text.jinja;

/// Text that was declared safe (`|safe`, `|escape`): what is joined to it is escaped for HTML first.
record Markup(String text) {
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&#34;")
                .replace("'", "&#39;");
    }

    /// The string itself for a string that was declared safe; other values are themselves.
    static Object unwrap(Object value) {
        return value instanceof Markup(String text) ? text : value;
    }
}
