package dev.ingot.engine.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Where a model folder keeps its chat templates.
///
/// @param file for messages about them
/// @param sources by name; the one that is meant where nothing else is said is `default`
record ChatTemplateFiles(Path file, Map<String, String> sources) {
    ChatTemplateFiles {
        sources = Map.copyOf(sources);
    }

    /// A file that is a template.
    static ChatTemplateFiles of(Path jinja) {
        return new ChatTemplateFiles(jinja, Map.of("default", JsonFiles.text(jinja)));
    }

    static Optional<ChatTemplateFiles> find(Path folder) {
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.exists(jinja)) {
            Map<String, String> sources =
                    new HashMap<>(additional(folder.resolve("additional_chat_templates")));
            sources.put("default", JsonFiles.text(jinja));
            return Optional.of(new ChatTemplateFiles(jinja, sources));
        }
        for (String name : List.of("chat_template.json", "tokenizer_config.json")) {
            Path file = folder.resolve(name);
            var template = JsonFiles.optionalObject(file).path("chat_template");
            if (!template.isMissingNode() && !template.isNull()) {
                return Optional.of(new ChatTemplateFiles(file, sources(file, template)));
            }
        }
        return Optional.empty();
    }

    /// One template, or a list of `{"name": …, "template": …}`.
    private static Map<String, String> sources(Path file, JsonNode template) {
        if (template.isString()) {
            return Map.of("default", template.stringValue());
        }
        Map<String, String> sources = new HashMap<>();
        for (var each : template) {
            if (!each.path("name").isString() || !each.path("template").isString()) {
                throw new TokenizerException(
                        file + ": chat_template is neither a string nor a list of named ones");
            }
            sources.put(each.get("name").stringValue(), each.get("template").stringValue());
        }
        if (sources.isEmpty()) {
            throw new TokenizerException(
                    file + ": chat_template is neither a string nor a list of named ones");
        }
        return sources;
    }

    private static Map<String, String> additional(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Map.of();
        }
        Map<String, String> sources = new HashMap<>();
        try (var files = Files.newDirectoryStream(folder, "*.jinja")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                sources.put(
                        name.substring(0, name.length() - ".jinja".length()), JsonFiles.text(file));
            }
        } catch (IOException | UncheckedIOException e) {
            throw new TokenizerException("cannot read " + folder + ": " + e, e);
        }
        return sources;
    }
}
