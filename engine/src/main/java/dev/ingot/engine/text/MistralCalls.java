package dev.ingot.engine.text;

import java.util.function.IntFunction;
import java.util.regex.Pattern;

/// Calls of a Mistral model, in each of the ways that its tokenizers had:
///
///     [TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abcdefghi"}]
///     [TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Paris"}
///
/// What is held begins with the mark, unless it is among words or after a call of a list.
final class MistralCalls extends MarkedCalls {
    static final String MARK = "[TOOL_CALLS]";

    /// Longer than any tool's name with its id: what goes on so long is no call.
    private static final int MAX_HEAD = 256;

    private static final Pattern HEAD =
            Pattern.compile("\\s*([\\w.-]+)\\s*(?:\\[CALL_ID]\\w+)?\\s*(?:\\[ARGS])?\\s*");

    private enum State {
        WORDS,
        /// After the mark or a name: what comes says which way it is.
        HEAD,
        /// In a list of calls, between two of them.
        LIST,
        CALL_OF_LIST,
        ARGUMENTS
    }

    private State state = State.WORDS;
    private boolean afterCall;

    MistralCalls(IntFunction<String> idOfCall) {
        super(MARK, idOfCall);
    }

    @Override
    protected boolean endsInLayout() {
        return state == State.LIST && afterCall;
    }

    @Override
    protected void added(char c) {
        switch (state) {
            case WORDS -> inWords(c);
            case HEAD -> inHead(c);
            case LIST -> inList(c);
            case CALL_OF_LIST -> {
                if (endsObject()) {
                    endCallOfList();
                }
            }
            case ARGUMENTS -> {
                if (endsObject()) {
                    endArguments();
                }
            }
        }
    }

    private void inWords(char c) {
        if (afterCall && Character.isWhitespace(c) && held.toString().isBlank()) {
            held.setLength(0); // layout between calls
            return;
        }
        if (findMark()) {
            state = State.HEAD;
        }
    }

    private void inHead(char c) {
        boolean nothingYet = held.substring(MARK.length()).isBlank();
        if (c == '{') {
            beginObject();
            if (HEAD.matcher(head()).matches()) {
                state = State.ARGUMENTS;
            } else {
                giveAsWords();
            }
        } else if (c == '[' && held.substring(MARK.length(), held.length() - 1).isBlank()) {
            state = State.LIST;
            afterCall = false;
        } else if (!nothingYet && held.length() > MARK.length() + MAX_HEAD) {
            giveAsWords();
        }
    }

    private void inList(char c) {
        if (c == '{') {
            beginObject();
            state = State.CALL_OF_LIST;
        } else if (c == ']') {
            if (afterCall) {
                held.setLength(0);
                state = State.WORDS;
            } else {
                giveAsWords();
            }
        } else if (c != ',' && !Character.isWhitespace(c)) {
            giveAsWords();
        }
    }

    private void endCallOfList() {
        var call = CallText.read(object());
        call.ifPresentOrElse(this::give, this::giveAsWords);
        state = call.isPresent() ? State.LIST : State.WORDS;
    }

    private void endArguments() {
        var head = HEAD.matcher(head());
        if (head.matches()) {
            CallText.of(head.group(1), object()).ifPresentOrElse(this::give, this::giveAsWords);
        } else {
            giveAsWords();
        }
        state = State.WORDS;
    }

    @Override
    protected void give(CallText call) {
        super.give(call);
        afterCall = true;
    }

    @Override
    protected void giveAsWords() {
        afterCall &= held.isEmpty();
        super.giveAsWords();
        state = State.WORDS;
    }
}
