package dev.ingot.engine.text;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// A call of a tool as a model wrote it.
///
/// @param arguments the JSON text of an object
record CallText(String name, String arguments) {
    /// Reads `{"name": …, "arguments": {…}}`; some models say `parameters`, and some leave them out.
    ///
    /// Empty for anything but an object with a `name`, and `arguments` that are an object or absent.
    static Optional<CallText> read(String json) {
        return read(json, false);
    }

    /// As [#read], where an object without arguments may be anything.
    static Optional<CallText> readWithArguments(String json) {
        return read(json, true);
    }

    /// A call whose name stands apart from its arguments. Empty where they are no object.
    static Optional<CallText> of(String name, String arguments) {
        var text = arguments.isBlank() ? "{}" : arguments.strip();
        try {
            return !name.isEmpty() && JsonFiles.MAPPER.readTree(text).isObject()
                    ? Optional.of(new CallText(name, text))
                    : Optional.empty();
        } catch (JacksonException e) {
            return Optional.empty(); // not a call: the caller gives it as words
        }
    }

    private static Optional<CallText> read(String body, boolean needsArguments) {
        try (var json = JsonFiles.MAPPER.createParser(body)) {
            String name = null;
            String arguments = "{}";
            boolean hasArguments = false;
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "name" -> name = json.getValueAsString();
                    case "arguments", "parameters" -> {
                        arguments = objectText(json, body);
                        hasArguments = true;
                    }
                    default -> json.skipChildren();
                }
                if (arguments == null) {
                    return Optional.empty();
                }
            }
            boolean complete =
                    json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null;
            return complete && name != null && !name.isEmpty() && (hasArguments || !needsArguments)
                    ? Optional.of(new CallText(name, arguments))
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
