package dev.ingot.engine.text;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.regex.Pattern;

/// Calls of a Mistral model, in each of the ways that its tokenizers had:
///
///     [TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abcdefghi"}]
///     [TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Paris"}
///
/// The mark is a special token, so the text must hold it: [OutputFormat#marks].
final class MistralCalls implements OutputParser {
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

    private final SpokenParts parts;

    /// Since the last thing that was given; begins with the mark unless in `WORDS` or after a call of a list.
    private final StringBuilder held = new StringBuilder();

    private State state = State.WORDS;
    private JsonExtent extent = new JsonExtent();

    /// Where in `held` the object that is being read begins.
    private int objectStart;

    private boolean afterCall;

    MistralCalls(IntFunction<String> idOfCall) {
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
        if (state != State.LIST || !afterCall) {
            giveHeld();
        }
        return parts.take();
    }

    private void add(char c) {
        held.append(c);
        switch (state) {
            case WORDS -> inWords(c);
            case HEAD -> inHead(c);
            case LIST -> inList(c);
            case CALL_OF_LIST, ARGUMENTS -> {
                if (extent.add(c)) {
                    endObject();
                }
            }
        }
    }

    private void inWords(char c) {
        if (afterCall && Character.isWhitespace(c) && held.toString().isBlank()) {
            held.setLength(0); // layout between calls
            return;
        }
        int mark = held.lastIndexOf("[");
        if (mark < 0 || !MARK.startsWith(held.substring(mark))) {
            giveHeld();
        } else if (held.length() - mark == MARK.length()) {
            parts.words(held.substring(0, mark));
            held.delete(0, mark);
            state = State.HEAD;
        }
    }

    private void inHead(char c) {
        boolean nothingYet = held.substring(MARK.length()).isBlank();
        if (c == '{') {
            objectStart = held.length() - 1;
            begin(HEAD.matcher(held.substring(MARK.length(), objectStart)).matches());
        } else if (c == '[' && held.substring(MARK.length(), held.length() - 1).isBlank()) {
            state = State.LIST;
            afterCall = false;
        } else if (!nothingYet && held.length() > MARK.length() + MAX_HEAD) {
            giveHeld();
        }
    }

    private void begin(boolean isCall) {
        if (!isCall) {
            giveHeld();
            return;
        }
        state = State.ARGUMENTS;
        extent = new JsonExtent();
        extent.add('{');
    }

    private void inList(char c) {
        if (c == '{') {
            objectStart = held.length() - 1;
            state = State.CALL_OF_LIST;
            extent = new JsonExtent();
            extent.add('{');
        } else if (c == ']') {
            if (afterCall) {
                held.setLength(0);
                state = State.WORDS;
            } else {
                giveHeld();
            }
        } else if (c != ',' && !Character.isWhitespace(c)) {
            giveHeld();
        }
    }

    private void endObject() {
        var object = held.substring(objectStart);
        if (state == State.CALL_OF_LIST) {
            var call = CallText.read(object);
            call.ifPresentOrElse(this::give, this::giveHeld);
            state = call.isPresent() ? State.LIST : State.WORDS;
            return;
        }
        var head = HEAD.matcher(held.substring(MARK.length(), objectStart));
        var call = head.matches() ? CallText.of(head.group(1), object) : Optional.<CallText>empty();
        call.ifPresentOrElse(this::give, this::giveHeld);
        state = State.WORDS;
    }

    private void give(CallText call) {
        parts.call(call);
        held.setLength(0);
        afterCall = true;
    }

    /// As words, whatever it looked like.
    private void giveHeld() {
        parts.words(held);
        afterCall &= held.isEmpty();
        held.setLength(0);
        state = State.WORDS;
    }
}
