package dev.ingot.engine.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// Tells calls of tools from words in what a Hermes or Qwen model says:
///
///     <tool_call>
///     {"name": "get_weather", "arguments": {"city": "Paris"}}
///     </tool_call>
///
/// Choose it when the request has tools and [ChatTemplate#writesToolCalls]. A call is given when it is complete;
/// words are given as they come, less what may be the beginning of a tag. What is not a valid call between the tags is
/// given as words, tags included: nothing is lost but the blanks around a call. The result does not depend on how
/// the text was cut.
///
/// Not safe from several threads.
public final class ToolCallParser {
    static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";

    private final IntFunction<String> idOfCall;
    private int calls;

    /// Whether `held` begins with the opening tag and is a call so far; else it is blanks and a part of a tag.
    private boolean inCall;

    private final StringBuilder held = new StringBuilder();

    /// Whether the last thing given was a call: blanks after it are layout.
    private boolean afterCall;

    /// Inside a JSON string a closing tag is text, unless the string is broken.
    private boolean inString;

    private boolean escaped;
    private boolean broken;

    /// @param idOfCall the id of the nth call, counted from 0; unique beyond this output
    public ToolCallParser(IntFunction<String> idOfCall) {
        this.idOfCall = idOfCall;
    }

    /// How many calls were given so far.
    public int callCount() {
        return calls;
    }

    /// Takes more text and gives what is certain.
    public List<SpokenPart> add(String delta) {
        var parts = new Parts();
        for (int i = 0; i < delta.length(); i++) {
            if (inCall) {
                addToCall(delta.charAt(i), parts);
            } else {
                addToWords(delta.charAt(i), parts);
            }
        }
        return parts.toList();
    }

    /// What was held back; nothing is added after this. A model that ended its turn without the closing tag has called
    /// the tool all the same.
    public List<SpokenPart> finish() {
        var parts = new Parts();
        if (inCall) {
            endCall(held.substring(held.indexOf(OPEN) + OPEN.length()), parts);
        } else {
            parts.words(afterCall ? held.toString().stripLeading() : held.toString());
        }
        held.setLength(0);
        return parts.toList();
    }

    private void addToWords(char c, Parts parts) {
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

    private void addToCall(char c, Parts parts) {
        held.append(c);
        if (inString && !broken) {
            inString = escaped || c != '"';
            escaped = !escaped && c == '\\';
            broken = c < ' '; // JSON strings hold no raw control character
            return;
        }
        if (c == '"') {
            inString = true;
        } else if (c == '>' && endsWith(CLOSE)) {
            endCall(
                    held.substring(
                            held.indexOf(OPEN) + OPEN.length(), held.length() - CLOSE.length()),
                    parts);
        }
    }

    private boolean endsWith(String tag) {
        int start = held.length() - tag.length();
        return start >= 0 && held.indexOf(tag, start) == start;
    }

    private void endCall(String body, Parts parts) {
        var call = Call.read(body);
        if (call.isPresent()) {
            parts.call(
                    new SpokenPart.ToolCall(
                            calls,
                            idOfCall.apply(calls),
                            call.get().name(),
                            call.get().arguments()));
            calls++;
        } else {
            parts.words(held.toString());
        }
        afterCall = call.isPresent();
        inCall = false;
        held.setLength(0);
    }

    /// Neighbouring words are one part.
    private static final class Parts {
        private final List<SpokenPart> parts = new ArrayList<>();
        private final StringBuilder words = new StringBuilder();

        void words(String text) {
            words.append(text);
        }

        void call(SpokenPart.ToolCall call) {
            flush();
            parts.add(call);
        }

        List<SpokenPart> toList() {
            flush();
            return List.copyOf(parts);
        }

        private void flush() {
            if (!words.isEmpty()) {
                parts.add(new SpokenPart.Content(words.toString()));
                words.setLength(0);
            }
        }
    }

    /// What is between the tags.
    private record Call(String name, String arguments) {
        /// Empty for anything but an object with a `name`, and `arguments` that are an object or absent.
        static Optional<Call> read(String body) {
            try (var json = JsonFiles.MAPPER.createParser(body)) {
                String name = null;
                String arguments = "{}";
                if (json.nextToken() != JsonToken.START_OBJECT) {
                    return Optional.empty();
                }
                while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                    String field = json.currentName();
                    json.nextToken();
                    switch (field) {
                        case "name" -> name = json.getValueAsString();
                        case "arguments" -> arguments = objectText(json, body);
                        default -> json.skipChildren();
                    }
                    if (arguments == null) {
                        return Optional.empty();
                    }
                }
                boolean complete =
                        json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null;
                return complete && name != null && !name.isEmpty()
                        ? Optional.of(new Call(name, arguments))
                        : Optional.empty();
            } catch (JacksonException e) {
                return Optional.empty(); // not a call: the caller gives it as words
            }
        }

        /// The object that begins here, as it is written; some models write it as a string. Null for anything else.
        private static @Nullable String objectText(JsonParser json, String body) {
            if (json.currentToken() == JsonToken.VALUE_STRING) {
                String text = json.getString();
                return JsonFiles.MAPPER.readTree(text).isObject() ? text : null;
            }
            if (json.currentToken() != JsonToken.START_OBJECT) {
                return null;
            }
            int start = (int) json.currentTokenLocation().getCharOffset();
            json.skipChildren();
            return body.substring(start, (int) json.currentLocation().getCharOffset());
        }
    }
}
