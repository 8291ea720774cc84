package dev.ingot.engine.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// What Qwen3-Coder writes between its tags, where the tools' own schemas say which values are text:
///
///     <function=get_weather>
///     <parameter=city>
///     Paris
///     </parameter>
///     </function>
///
/// @param parameters the JSON Schema of each tool's arguments by its name
record XmlCall(Map<String, Map<String, Object>> parameters) {
    private static final Pattern FUNCTION =
            Pattern.compile("\\s*<function=([^>\\s]+)>(.*?)(?:</function>)?\\s*", Pattern.DOTALL);
    private static final Pattern PARAMETER =
            Pattern.compile("<parameter=([^>\\s]+)>\\n?(.*?)\\n?</parameter>\\s*", Pattern.DOTALL);

    XmlCall {
        parameters = Map.copyOf(parameters);
    }

    /// Empty for anything that is no call.
    Optional<CallText> read(String body) {
        var function = FUNCTION.matcher(body);
        if (!function.matches()) {
            return Optional.empty();
        }
        var name = function.group(1);
        var text = function.group(2).stripLeading();
        var arguments = JsonNodeFactory.instance.objectNode();
        var parameter = PARAMETER.matcher(text);
        int at = 0;
        while (at < text.length()) {
            parameter.region(at, text.length());
            if (!parameter.lookingAt()) {
                return Optional.empty();
            }
            arguments.set(parameter.group(1), value(name, parameter.group(1), parameter.group(2)));
            at = parameter.end();
        }
        return Optional.of(new CallText(name, arguments.toString()));
    }

    /// JSON where the schema says that it is no text; what is no JSON stays text.
    private JsonNode value(String function, String parameter, String text) {
        if (!isText(function, parameter)) {
            try {
                return JsonFiles.MAPPER.readTree(text.strip());
            } catch (JacksonException e) {
                // The model wrote a text where the schema has another type: the tool's author sees
                // it.
                return JsonNodeFactory.instance.stringNode(text);
            }
        }
        return JsonNodeFactory.instance.stringNode(text);
    }

    private boolean isText(String function, String parameter) {
        return !(parameters.getOrDefault(function, Map.of()).get("properties")
                        instanceof Map<?, ?> properties)
                || !(properties.get(parameter) instanceof Map<?, ?> schema)
                || !schema.containsKey("type")
                || "string".equals(schema.get("type"))
                || (schema.get("type") instanceof List<?> types && types.contains("string"));
    }
}
