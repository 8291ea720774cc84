package dev.ingot.engine.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The JSON files of a model folder, with errors that name the file.
final class JsonFiles {
    static final JsonMapper MAPPER = JsonMapper.shared();

    private JsonFiles() {}

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new TokenizerException("cannot read " + file + ": " + e, e);
        }
    }

    static ObjectNode object(Path file) {
        return object(file, text(file));
    }

    /// An empty object where the file is absent.
    static ObjectNode optionalObject(Path file) {
        return Files.exists(file) ? object(file) : MAPPER.createObjectNode();
    }

    static ObjectNode object(Path file, String json) {
        try {
            if (MAPPER.readTree(json) instanceof ObjectNode object) {
                return object;
            }
        } catch (JacksonException e) {
            throw new TokenizerException(file + " is not valid JSON: " + e.getMessage(), e);
        }
        throw new TokenizerException(file + " does not hold a JSON object");
    }
}
