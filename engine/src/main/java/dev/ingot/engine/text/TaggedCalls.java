package dev.ingot.engine.text;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;

/// Calls of a Hermes or Qwen model:
///
///     <tool_call>
///     {"name": "get_weather", "arguments": {"city": "Paris"}}
///     </tool_call>
///
/// What is not a valid call between the tags is given as words, tags included. A model that ended its turn without the
/// closing tag has called the tool all the same.
final class TaggedCalls implements OutputParser {
    static final String OPEN = "<tool_call>";
    static final String CLOSE = "</tool_call>";

    private final Function<String, Optional<CallText>> reader;
    private final boolean hasStrings;
    private final SpokenParts parts;

    /// Whether `held` begins with the opening tag and is a call so far; else it is blanks and a part of a tag.
    private boolean inCall;

    private final StringBuilder held = new StringBuilder();

    /// Whether the last thing given was a call: blanks after it are layout.
    private boolean afterCall;

    /// Inside a JSON string a closing tag is text, unless the string is broken.
    private boolean inString;

    private boolean escaped;
    private boolean broken;

    private TaggedCalls(
            Function<String, Optional<CallText>> reader,
            boolean hasStrings,
            IntFunction<String> idOfCall) {
        this.reader = reader;
        this.hasStrings = hasStrings;
        parts = new SpokenParts(idOfCall);
    }

    /// Calls in JSON, as Hermes and Qwen write them.
    static TaggedCalls json(IntFunction<String> idOfCall) {
        return new TaggedCalls(CallText::read, true, idOfCall);
    }

    /// Calls as Qwen3-Coder writes them.
    static TaggedCalls xml(XmlCall schema, IntFunction<String> idOfCall) {
        return new TaggedCalls(schema::read, false, idOfCall);
    }

    @Override
    public List<SpokenPart> add(String delta) {
        for (int i = 0; i < delta.length(); i++) {
            if (inCall) {
                addToCall(delta.charAt(i));
            } else {
                addToWords(delta.charAt(i));
            }
        }
        return parts.take();
    }

    @Override
    public List<SpokenPart> finish() {
        if (inCall) {
            endCall(held.substring(held.indexOf(OPEN) + OPEN.length()));
        } else {
            parts.words(afterCall ? held.toString().stripLeading() : held.toString());
        }
        held.setLength(0);
        return parts.take();
    }

    private void addToWords(char c) {
        boolean onlyBlanks =
                held.isEmpty() || Character.isWhitespace(held.charAt(held.length() - 1));
        held.append(c);
        if (onlyBlanks && Character.isWhitespace(c)) {
            return; // Blanks are held: a call may follow, and then they were layout.
        }
        int tag = tagStart();
        if (held.length() - tag == OPEN.length()) {
            inCall = true;
            inString = false;
            escaped = false;
            broken = false;
            return;
        }
        if (held.substring(0, tag).isBlank()) {
            return;
        }
        int end = tag;
        while (Character.isWhitespace(held.charAt(end - 1))) {
            end--;
        }
        int start = 0;
        while (afterCall && Character.isWhitespace(held.charAt(start))) {
            start++;
        }
        afterCall = false;
        parts.words(held.substring(start, end));
        held.delete(0, end);
    }

    /// Where in `held` a tag may begin; its length where none may.
    private int tagStart() {
        int tag = held.lastIndexOf("<");
        return tag >= 0 && OPEN.startsWith(held.substring(tag)) ? tag : held.length();
    }

    private void addToCall(char c) {
        held.append(c);
        if (inString && !broken) {
            inString = escaped || c != '"';
            escaped = !escaped && c == '\\';
            broken = c < ' '; // JSON strings hold no raw control character
            return;
        }
        if (hasStrings && c == '"') {
            inString = true;
        } else if (c == '>' && endsWith(CLOSE)) {
            endCall(
                    held.substring(
                            held.indexOf(OPEN) + OPEN.length(), held.length() - CLOSE.length()));
        }
    }

    private boolean endsWith(String tag) {
        int start = held.length() - tag.length();
        return start >= 0 && held.indexOf(tag, start) == start;
    }

    private void endCall(String body) {
        var call = reader.apply(body);
        call.ifPresentOrElse(parts::call, () -> parts.words(held));
        afterCall = call.isPresent();
        inCall = false;
        held.setLength(0);
    }
}
