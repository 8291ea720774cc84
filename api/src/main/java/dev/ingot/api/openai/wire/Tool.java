package dev.ingot.api.openai.wire;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// A function that the model may call.
///
/// @param declaration `{"type":"function","function":{…}}` as the client wrote it, for the template
public record Tool(String name, Map<String, Object> declaration) {
    /// The JSON Schema of its arguments; empty where the client gave none.
    @SuppressWarnings("unchecked") // A schema is a JSON object: its names are strings.
    public Map<String, Object> parameters() {
        return declaration.get("function") instanceof Map<?, ?> function
                        && function.get("parameters") instanceof Map<?, ?> parameters
                ? (Map<String, Object>) parameters
                : Map.of();
    }

    private static final int MAX_TOOLS = 128;
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,64}");

    static List<Tool> readAll(Fields body) {
        var tools = new ArrayList<Tool>();
        var names = new HashSet<String>();
        for (var declaration : body.objects("tools", MAX_TOOLS)) {
            if (!declaration.requiredString("type").equals("function")) {
                throw Fields.bad(declaration.nameOf("type"), "must be \"function\"");
            }
            Fields function = declaration.object("function");
            if (function == null) {
                throw Fields.missing(declaration.nameOf("function"), "an object");
            }
            String name = function.requiredString("name");
            if (!NAME.matcher(name).matches()) {
                throw Fields.bad(
                        function.nameOf("name"),
                        "must be 1 to 64 letters, digits, underscores, dots or dashes");
            }
            if (!names.add(name)) {
                throw Fields.bad(function.nameOf("name"), "is the name of another tool already");
            }
            function.string("description");
            function.object("parameters");
            tools.add(new Tool(name, declaration.plain()));
        }
        return tools;
    }
}
