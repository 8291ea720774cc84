package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.ingot.engine.sequence.Tokens;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.ObjectNode;

/// Reads bodies within limits and writes answers.
public final class Json {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_STRING_CHARS = 8 << 20;
    private static final int MAX_NUMBER_CHARS = 100;
    private static final int MAX_NAME_CHARS = 256;

    /// A tree holds an object per token: without a bound, `[0,0,0,…]` costs many times its length in memory.
    private static final long MAX_TOKENS = 2_000_000;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(MAX_DEPTH)
                                                    .maxStringLength(MAX_STRING_CHARS)
                                                    .maxNumberLength(MAX_NUMBER_CHARS)
                                                    .maxNameLength(MAX_NAME_CHARS)
                                                    .maxTokenCount(MAX_TOKENS)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .addModule(new SimpleModule().addSerializer(Tokens.class, new TokensSerializer()))
                    .changeDefaultPropertyInclusion(
                            all -> all.withValueInclusion(JsonInclude.Include.ALWAYS))
                    .build();

    private Json() {}

    /// Reads a body that must be one JSON object.
    ///
    /// @throws ApiException 400 with the place of the first mistake; the body itself is not repeated
    public static Fields readObject(byte[] body) {
        JsonNode tree;
        try {
            tree = MAPPER.readTree(body);
        } catch (StreamConstraintsException e) {
            throw new ApiException(
                    ApiError.badBody("The body is over a limit: " + e.getOriginalMessage()), e);
        } catch (JacksonException e) {
            throw new ApiException(ApiError.badBody("The body is not JSON" + at(e) + "."), e);
        }
        if (tree instanceof ObjectNode object) {
            return new Fields(object, "");
        }
        throw new ApiException(
                ApiError.badBody("The body must be a JSON object, not " + Fields.kind(tree) + "."));
    }

    /// Writes an answer.
    public static byte[] write(Object answer) {
        return MAPPER.writeValueAsBytes(answer);
    }

    /// Writes a value as the JSON text that another field carries as a string.
    public static String writeString(Object value) {
        return new String(write(value), StandardCharsets.UTF_8);
    }

    /// Reads JSON text that another field carries as a string; null where it is not JSON.
    static @Nullable JsonNode tryRead(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JacksonException _) {
            return null;
        }
    }

    /// The same value as maps, lists and boxed scalars, as templates take it.
    static @Nullable Object plain(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (var member : node.properties()) {
                    map.put(member.getKey(), plain(member.getValue()));
                }
                yield map;
            }
            case ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (var element : node) {
                    list.add(plain(element));
                }
                yield list;
            }
            case STRING -> node.stringValue();
            case BOOLEAN -> node.booleanValue();
            case NUMBER ->
                    node.isIntegralNumber() && node.canConvertToLong()
                            ? (Object) node.longValue()
                            : (Object) node.doubleValue();
            case NULL, MISSING, BINARY, POJO -> null;
        };
    }

    /// Token ids as a list of numbers.
    private static final class TokensSerializer extends ValueSerializer<Tokens> {
        @Override
        public void serialize(Tokens tokens, JsonGenerator json, SerializationContext context) {
            json.writeArray(tokens.toArray(), 0, tokens.size());
        }
    }

    private static String at(JacksonException e) {
        TokenStreamLocation place = e.getLocation();
        return place == null
                ? ""
                : " (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")";
    }
}
