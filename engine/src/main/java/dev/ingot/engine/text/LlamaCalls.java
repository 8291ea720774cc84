package dev.ingot.engine.text;

import java.util.function.IntFunction;

/// Calls of a Llama 3 model: its whole answer is one, or several with a semicolon between them, with or without a mark.
///
///     <|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}
///
/// An answer that begins otherwise is words to its end, unless the mark comes in it.
final class LlamaCalls extends MarkedCalls {
    static final String MARK = "<|python_tag|>";

    private enum State {
        /// Before an object, where blanks and marks may be; after one, semicolons, too.
        BETWEEN,
        OBJECT,
        WORDS
    }

    private State state = State.BETWEEN;
    private boolean afterCall;

    LlamaCalls(IntFunction<String> idOfCall) {
        super(MARK, idOfCall);
    }

    @Override
    protected boolean endsInLayout() {
        boolean onlyLayout = afterCall && held.toString().replace(';', ' ').isBlank();
        return state == State.BETWEEN && onlyLayout;
    }

    @Override
    protected void added(char c) {
        switch (state) {
            case BETWEEN -> between(c);
            case OBJECT -> {
                if (endsObject()) {
                    CallText.readWithArguments(object())
                            .ifPresentOrElse(this::give, this::giveAsWords);
                }
            }
            case WORDS -> {
                if (findMark()) {
                    state = State.BETWEEN;
                }
            }
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
            beginObject();
            state = State.OBJECT;
        } else if (!MARK.startsWith(text)) { // and so not when there is nothing
            giveAsWords();
        }
    }

    private boolean isLayout(char c) {
        return Character.isWhitespace(c) || (afterCall && c == ';');
    }

    @Override
    protected void give(CallText call) {
        super.give(call);
        afterCall = true;
        state = State.BETWEEN;
    }

    @Override
    protected void giveAsWords() {
        super.giveAsWords();
        state = State.WORDS;
    }
}
