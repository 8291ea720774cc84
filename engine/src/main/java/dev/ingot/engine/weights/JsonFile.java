package dev.ingot.engine.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeType;
import tools.jackson.databind.node.ObjectNode;

/// A JSON object of a checkpoint, read field by field: whatever is missing or of the wrong kind is
/// refused by file and field.
///
/// A field that is `null` counts as absent, as in Hugging Face's own reading.
public final class JsonFile {
    private static final long MAX_BYTES = 25_000_000;
    private static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(64)
                                                    .maxNumberLength(64)
                                                    .maxDocumentLength(MAX_BYTES)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private final Path file;
    private final String prefix;
    private final JsonNode object;

    private JsonFile(Path file, String prefix, JsonNode object) {
        this.file = file;
        this.prefix = prefix;
        this.object = object;
    }

    /// Reads a file whose JSON is one object.
    ///
    /// @throws CheckpointException if it is absent, longer than 25 MB, or not a JSON object
    public static JsonFile read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file, "no such file");
        }
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new CheckpointException(
                        file, "expected at most " + MAX_BYTES + " bytes, found " + bytes);
            }
            return parse(file, Files.readAllBytes(file));
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e, e);
        }
    }

    /// Another file's settings, in the words of this kind of JSON.
    public static JsonFile of(Path file, ObjectNode object) {
        return new JsonFile(file, "", object);
    }

    private static JsonFile parse(Path file, byte[] bytes) {
        JsonNode node;
        try {
            node = JSON.readTree(bytes);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "is not valid JSON: " + e.getOriginalMessage(), e);
        }
        if (!node.isObject()) {
            throw new CheckpointException(file, "expected a JSON object, found " + kind(node));
        }
        return new JsonFile(file, "", node);
    }

    /// Where it lies.
    public Path file() {
        return file;
    }

    /// Puts every field that is not null into another object, over what is there.
    public void copyTo(ObjectNode target) {
        for (var field : fields()) {
            value(field).ifPresent(node -> target.set(field, node));
        }
    }

    /// Whether the field is there and not null.
    public boolean has(String field) {
        return object.hasNonNull(field);
    }

    /// Whether the field is there and an object.
    public boolean isObject(String field) {
        return value(field).filter(JsonNode::isObject).isPresent();
    }

    /// The fields of this object.
    public List<String> fields() {
        return List.copyOf(object.propertyNames());
    }

    /// An object in this object.
    public Optional<JsonFile> object(String field) {
        return value(field)
                .map(node -> {
                    if (!node.isObject()) {
                        throw bad(field, "expected an object, found " + show(node));
                    }
                    return new JsonFile(file, prefix + field + ".", node);
                });
    }

    /// An integer that must be there, in `[1, limit]`.
    public int positive(String field, int limit) {
        return optionalInt(field, 1, limit)
                .orElseThrow(() -> bad(field, "expected a positive integer, found no such field"));
    }

    /// An integer in `[low, high]`.
    public OptionalInt optionalInt(String field, int low, int high) {
        var node = value(field);
        return node.isPresent()
                ? OptionalInt.of(integer(field, node.get(), low, high))
                : OptionalInt.empty();
    }

    /// One integer or a list of them, each in `[low, high]`; absent is an empty list.
    public List<Integer> integers(String field, int low, int high) {
        var node = value(field);
        if (node.isEmpty()) {
            return List.of();
        }
        if (!node.get().isArray()) {
            return List.of(integer(field, node.get(), low, high));
        }
        var values = new ArrayList<Integer>();
        for (var element : node.get()) {
            values.add(integer(field, element, low, high));
        }
        return List.copyOf(values);
    }

    /// A finite number.
    public OptionalDouble optionalNumber(String field) {
        var node = value(field);
        if (node.isEmpty()) {
            return OptionalDouble.empty();
        }
        double number = node.get().isNumber() ? node.get().asDouble(Double.NaN) : Double.NaN;
        if (!Double.isFinite(number)) {
            throw bad(field, "expected a number, found " + show(node.get()));
        }
        return OptionalDouble.of(number);
    }

    /// A finite number that must be there.
    public double number(String field) {
        return optionalNumber(field)
                .orElseThrow(() -> bad(field, "expected a number, found no such field"));
    }

    /// A list of finite numbers that must be there.
    public List<Double> numbers(String field) {
        var node =
                value(field)
                        .orElseThrow(() ->
                                bad(field, "expected a list of numbers, found no such field"));
        var values = new ArrayList<Double>();
        for (var element : node) {
            double number = element.isNumber() ? element.asDouble(Double.NaN) : Double.NaN;
            if (!Double.isFinite(number)) {
                throw bad(field, "expected a list of numbers, found " + show(node));
            }
            values.add(number);
        }
        if (!node.isArray()) {
            throw bad(field, "expected a list of numbers, found " + show(node));
        }
        return List.copyOf(values);
    }

    /// `true` or `false`.
    public Optional<Boolean> optionalBoolean(String field) {
        return value(field)
                .map(node -> {
                    if (!node.isBoolean()) {
                        throw bad(field, "expected true or false, found " + show(node));
                    }
                    return node.booleanValue();
                });
    }

    /// A string.
    public Optional<String> optionalString(String field) {
        return value(field)
                .map(node -> {
                    if (!node.isString()) {
                        throw bad(field, "expected a string, found " + show(node));
                    }
                    return node.stringValue();
                });
    }

    /// A list of strings; absent is an empty list.
    public List<String> strings(String field) {
        var node = value(field);
        if (node.isEmpty()) {
            return List.of();
        }
        if (!node.get().isArray()) {
            throw bad(field, "expected a list of strings, found " + show(node.get()));
        }
        var values = new ArrayList<String>();
        for (var element : node.get()) {
            if (!element.isString()) {
                throw bad(field, "expected a list of strings, found " + show(node.get()));
            }
            values.add(element.stringValue());
        }
        return List.copyOf(values);
    }

    /// A refusal that names this file and the field.
    public CheckpointException bad(String field, String problem) {
        return new CheckpointException(file, "field '" + prefix + field + "': " + problem);
    }

    private int integer(String field, JsonNode node, int low, int high) {
        if (!node.isIntegralNumber()
                || !node.canConvertToLong()
                || node.longValue() < low
                || node.longValue() > high) {
            throw bad(
                    field,
                    "expected an integer from " + low + " to " + high + ", found " + show(node));
        }
        return node.intValue();
    }

    private Optional<JsonNode> value(String field) {
        return has(field) ? Optional.of(object.get(field)) : Optional.empty();
    }

    private static String show(JsonNode node) {
        var text = node.toString();
        return text.length() > 80 ? text.substring(0, 80) + "…" : text;
    }

    private static String kind(JsonNode node) {
        return node.getNodeType() == JsonNodeType.MISSING ? "an empty file" : show(node);
    }
}
