package dev.ingot.engine.text;

import java.util.List;
import java.util.function.IntFunction;

/// Calls of a Llama 3 model: its whole answer is one, or several with a semicolon between them, with or without a mark.
///
///     <|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}
///
/// An answer that begins otherwise is words to its end, unless the mark comes in it. The mark is a special token, so the
/// text must hold it: [OutputFormat#marks].
final class LlamaCalls implements OutputParser {
    static final String MARK = "<|python_tag|>";

    private enum State {
        /// Before an object, where blanks and marks may be; after one, semicolons, too.
        BETWEEN,
        OBJECT,
        WORDS
    }

    private final SpokenParts parts;
    private final StringBuilder held = new StringBuilder();
    private State state = State.BETWEEN;
    private JsonExtent extent = new JsonExtent();
    private int objectStart;
    private boolean afterCall;

    LlamaCalls(IntFunction<String> idOfCall) {
        parts = new SpokenParts(idOfCall);
    }

    @Override
    public List<SpokenPart> add(String delta) {
        for (int i = 0; i < delta.length(); i++) {
            add(delta.charAt(i));
        }
        return parts.take();
    }

    @Override
    public List<SpokenPart> finish() {
        boolean onlyLayout = afterCall && held.toString().replace(';', ' ').isBlank();
        if (state != State.BETWEEN || !onlyLayout) {
            giveHeld();
        }
        return parts.take();
    }

    private void add(char c) {
        held.append(c);
        switch (state) {
            case BETWEEN -> between(c);
            case OBJECT -> {
                if (extent.add(c)) {
                    endObject();
                }
            }
            case WORDS -> inWords();
        }
    }

    private void between(char c) {
        int start = 0;
        while (start < held.length() && isLayout(held.charAt(start))) {
            start++;
        }
        var text = held.substring(start);
        if (text.startsWith(MARK)) {
            text = text.substring(MARK.length()).stripLeading();
        }
        if (c == '{' && text.equals("{")) {
            objectStart = held.length() - 1;
            state = State.OBJECT;
            extent = new JsonExtent();
            extent.add(c);
        } else if (!MARK.startsWith(text)) { // and so not when there is nothing
            giveHeld();
        }
    }

    private boolean isLayout(char c) {
        return Character.isWhitespace(c) || (afterCall && c == ';');
    }

    private void endObject() {
        CallText.readWithArguments(held.substring(objectStart))
                .ifPresentOrElse(
                        call -> {
                            parts.call(call);
                            held.setLength(0);
                            afterCall = true;
                            state = State.BETWEEN;
                        },
                        this::giveHeld);
    }

    private void inWords() {
        int mark = held.lastIndexOf("<");
        if (mark < 0 || !MARK.startsWith(held.substring(mark))) {
            giveHeld();
        } else if (held.length() - mark == MARK.length()) {
            parts.words(held.substring(0, mark));
            held.delete(0, mark);
            state = State.BETWEEN;
        }
    }

    private void giveHeld() {
        parts.words(held);
        held.setLength(0);
        state = State.WORDS;
    }
}
