package dev.ingot.api.openai.wire;

import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The members of one JSON object, read one at a time; a wrong one is refused by its full name.
///
/// A member that is null counts as absent, as OpenAI has it. Numbers and strings are not converted into
/// each other: `"0.5"` is not a temperature.
public final class Fields {
    private final ObjectNode object;
    private final String path;

    Fields(ObjectNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /// Whether the member is there and not null.
    boolean has(String name) {
        return node(name) != null;
    }

    /// The member, or null where it is absent.
    @Nullable JsonNode node(String name) {
        JsonNode node = object.get(name);
        return node == null || node.isNull() ? null : node;
    }

    int size() {
        return object.size();
    }

    /// The names of all members, in the order of the body.
    List<String> names() {
        return List.copyOf(object.propertyNames());
    }

    /// The whole object as maps, lists and boxed scalars.
    @SuppressWarnings("unchecked") // an object becomes a map
    Map<String, Object> plain() {
        return (Map<String, Object>) Objects.requireNonNull(Json.plain(object));
    }

    /// The name of a member as the client would write it, such as `messages[2].content`.
    String nameOf(String member) {
        return path.isEmpty() ? member : path + "." + member;
    }

    public @Nullable String string(String name) {
        JsonNode node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isString()) {
            throw wrong(nameOf(name), "a string", node);
        }
        return node.stringValue();
    }

    String requiredString(String name) {
        String value = string(name);
        if (value == null) {
            throw missing(nameOf(name), "a string");
        }
        return value;
    }

    public boolean bool(String name, boolean absent) {
        JsonNode node = node(name);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            throw wrong(nameOf(name), "true or false", node);
        }
        return node.booleanValue();
    }

    @Nullable Integer integer(String name, int min, int max) {
        Long value = longInteger(name, min, max);
        return value == null ? null : (Integer) Math.toIntExact(value);
    }

    @Nullable Long longInteger(String name, long min, long max) {
        JsonNode node = node(name);
        if (node == null) {
            return null;
        }
        if (!isInteger(node) || node.longValue() < min || node.longValue() > max) {
            throw wrong(nameOf(name), integerBetween(min, max), node);
        }
        return node.longValue();
    }

    @Nullable Float number(String name, DoublePredicate valid, String expected) {
        JsonNode node = node(name);
        if (node == null) {
            return null;
        }
        // As a float, which is how it will be used: a top_p that rounds to 0 must be seen here.
        if (!node.isNumber() || !valid.test((float) node.doubleValue())) {
            throw wrong(nameOf(name), expected, node);
        }
        return (float) node.doubleValue();
    }

    /// The member as an object, or null.
    public @Nullable Fields object(String name) {
        JsonNode node = node(name);
        if (node == null) {
            return null;
        }
        return objectOf(node, nameOf(name));
    }

    /// The members of a list of objects, or an empty list.
    List<Fields> objects(String name, int maxCount) {
        JsonNode node = node(name);
        if (node == null) {
            return List.of();
        }
        requireArray(node, nameOf(name), "a list of objects", maxCount);
        List<Fields> list = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            list.add(objectOf(node.get(i), nameOf(name) + "[" + i + "]"));
        }
        return list;
    }

    /// A list of token ids, or null; whether they are in the vocabulary is for the mapper to say.
    public @Nullable Tokens tokenIds(String name, int maxCount) {
        JsonNode node = node(name);
        if (node == null) {
            return null;
        }
        requireArray(node, nameOf(name), "a list of token ids", maxCount);
        return tokenIds(node, nameOf(name));
    }

    static Tokens tokenIds(JsonNode array, String name) {
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = array.get(i);
            if (!isInteger(id) || id.longValue() < 0 || id.longValue() > Integer.MAX_VALUE) {
                throw wrong(name + "[" + i + "]", "a token id", id);
            }
            ids[i] = id.intValue();
        }
        return Tokens.of(ids);
    }

    static void requireArray(JsonNode node, String name, String expected, int maxCount) {
        if (!node.isArray()) {
            throw wrong(name, expected, node);
        }
        if (node.size() > maxCount) {
            throw bad(name, "has " + node.size() + " entries; at most " + maxCount + " are taken");
        }
    }

    static Fields objectOf(JsonNode node, String name) {
        if (node instanceof ObjectNode object) {
            return new Fields(object, name);
        }
        throw wrong(name, "an object", node);
    }

    private static boolean isInteger(JsonNode node) {
        return node.isNumber()
                && node.canConvertToExactIntegral()
                && node.canConvertToLong();
    }

    private static String integerBetween(long min, long max) {
        if (min == Long.MIN_VALUE && max == Long.MAX_VALUE) {
            return "an integer of 64 bits";
        }
        if (max == Integer.MAX_VALUE) {
            return "an integer of at least " + min;
        }
        return "an integer between " + min + " and " + max;
    }

    static ApiException missing(String name, String expected) {
        return bad(name, "is missing; expected " + expected);
    }

    static ApiException wrong(String name, String expected, JsonNode found) {
        return bad(name, "must be " + expected + ", not " + kind(found));
    }

    static ApiException bad(String name, String sentence) {
        return new ApiException(ApiError.badField(name, "`" + name + "` " + sentence + "."));
    }

    /// What was found, for people. Text is not repeated: it may be long, or private.
    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case NUMBER, BOOLEAN -> node.toString();
            case STRING -> "a string";
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case NULL, MISSING, BINARY, POJO -> "null";
        };
    }
}
