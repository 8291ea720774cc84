package dev.ingot.engine.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Real models' templates, rendered by Python's jinja2 as transformers sets it up, must come out to the byte.
class GoldenTemplatesTest {
    private static final JsonMapper JSON = JsonMapper.shared();

    @TestFactory
    List<DynamicTest> rendersAsPythonDoes() throws IOException {
        Path folder = sharedData().resolve("templates");
        var goldens = JSON.readTree(Files.readString(folder.resolve("goldens.json")));
        var now = LocalDateTime.parse(goldens.get("now").stringValue());
        var clock = Clock.fixed(now.toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        Map<String, Template> templates = new HashMap<>();
        return goldens.get("cases")
                .valueStream()
                .map(golden ->
                        DynamicTest.dynamicTest(
                                golden.get("id").stringValue(),
                                () -> {
                                    String name = golden.get("template").stringValue();
                                    if (!templates.containsKey(name)) {
                                        templates.put(
                                                name,
                                                Template.parse(
                                                        Files.readString(
                                                                folder.resolve("jinja/" + name))));
                                    }
                                    check(golden, templates.get(name), clock);
                                }))
                .toList();
    }

    private static void check(JsonNode golden, Template template, Clock clock) {
        Map<String, Object> context =
                JSON.convertValue(golden.get("context"), new TypeReference<>() {});
        if (golden.has("expected")) {
            assertThat(template.render(context, clock))
                    .isEqualTo(golden.get("expected").stringValue());
            return;
        }
        try {
            String text = template.render(context, clock);
            throw new AssertionError("Python fails, this gave: " + text);
        } catch (TemplateException e) {
            var error = golden.get("error");
            assertThat(e instanceof TemplateRaisedException)
                    .isEqualTo(error.get("kind").stringValue().equals("raised"));
            if (e instanceof TemplateRaisedException) {
                assertThat(e).hasMessage(error.get("message").stringValue());
            }
        }
    }

    /// Beside the project; the test is skipped where it is absent.
    private static Path sharedData() {
        for (Path folder = Path.of("").toAbsolutePath();
                folder != null;
                folder = folder.getParent()) {
            Path found = folder.resolve("shared/data");
            if (Files.exists(found)) {
                return found;
            }
        }
        assumeTrue(false, "no shared/data beside the project");
        throw new AssertionError();
    }
}
