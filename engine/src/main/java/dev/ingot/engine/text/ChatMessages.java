package dev.ingot.engine.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/// Brings messages in the shape of OpenAI's API into the one that chat templates were written for.
final class ChatMessages {
    private ChatMessages() {}

    /// Content in text parts becomes one string, a call's arguments become an object. Parts of another kind are left for
    /// the template to read or refuse.
    static List<Map<String, Object>> normalized(List<? extends Map<String, ?>> messages) {
        List<Map<String, Object>> normalized = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            Map<String, Object> message = new LinkedHashMap<>(messages.get(i));
            message.computeIfPresent("content", (_, content) -> joined(content));
            String field = "messages[" + i + "].tool_calls";
            message.computeIfPresent("tool_calls", (_, calls) -> calls(calls, field));
            normalized.add(message);
        }
        return normalized;
    }

    static void collectStrings(@Nullable Object value, List<String> strings) {
        switch (value) {
            case String text -> strings.add(text);
            case Map<?, ?> map ->
                    map.forEach((key, each) -> {
                        collectStrings(key, strings);
                        collectStrings(each, strings);
                    });
            case List<?> list -> list.forEach(each -> collectStrings(each, strings));
            case null, default -> {}
        }
    }

    private static Object joined(Object content) {
        if (!(content instanceof List<?> parts) || parts.isEmpty()) {
            return content;
        }
        List<String> texts = new ArrayList<>();
        for (Object part : parts) {
            if (part instanceof Map<?, ?> map
                    && "text".equals(map.get("type"))
                    && map.get("text") instanceof String text) {
                texts.add(text);
            } else {
                return content;
            }
        }
        return String.join("\n", texts);
    }

    private static Object calls(Object calls, String field) {
        if (!(calls instanceof List<?> list)) {
            return calls;
        }
        List<@Nullable Object> parsed = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            parsed.add(call(list.get(i), field + "[" + i + "].function.arguments"));
        }
        return parsed;
    }

    private static @Nullable Object call(@Nullable Object call, String field) {
        if (!(call instanceof Map<?, ?> map)
                || !(map.get("function") instanceof Map<?, ?> function)) {
            return call;
        }
        if (!(function.get("arguments") instanceof String text)) {
            return call;
        }
        Map<Object, Object> parsedFunction = new LinkedHashMap<>(function);
        parsedFunction.put("arguments", arguments(text, field));
        Map<Object, Object> parsed = new LinkedHashMap<>(map);
        parsed.put("function", parsedFunction);
        return parsed;
    }

    private static Map<String, Object> arguments(String text, String field) {
        if (text.isBlank()) {
            return Map.of();
        }
        try {
            Map<String, Object> arguments =
                    JsonFiles.MAPPER.readValue(text, new TypeReference<>() {});
            if (arguments != null) {
                return arguments;
            }
        } catch (JacksonException e) {
            throw new ChatTemplateException(
                    field + " is not the text of a JSON object: " + e.getOriginalMessage(), e);
        }
        throw new ChatTemplateException(field + " is not the text of a JSON object");
    }
}
