package dev.ingot.engine.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Every feature of the language, with what Python's jinja2 makes of it.
///
/// The oracle was an `ImmutableSandboxedEnvironment` with `trim_blocks`, `lstrip_blocks`, the extensions `loopcontrols` and
/// `do`, transformers' `generation` tag and `tojson`, and a `strftime_now` that stands still.
class LanguageTest {
    private static final JsonMapper JSON = JsonMapper.shared();

    @TestFactory
    List<DynamicTest> meansWhatItMeansInPython() throws IOException {
        try (var file = LanguageTest.class.getResourceAsStream("language.json")) {
            var oracle = JSON.readTree(file);
            Map<String, Object> variables =
                    JSON.convertValue(oracle.get("variables"), new TypeReference<>() {});
            var clock =
                    Clock.fixed(
                            LocalDateTime.parse(oracle.get("now").stringValue())
                                    .toInstant(ZoneOffset.UTC),
                            ZoneOffset.UTC);
            return oracle.get("cases")
                    .valueStream()
                    .map(each ->
                            DynamicTest.dynamicTest(
                                    each.get("about").stringValue()
                                            + ": "
                                            + each.get("template").stringValue(),
                                    () -> check(each, variables, clock)))
                    .toList();
        }
    }

    private static void check(JsonNode each, Map<String, Object> variables, Clock clock) {
        String source = each.get("template").stringValue();
        if (each.has("expected")) {
            assertThat(Template.parse(source).render(variables, clock))
                    .isEqualTo(each.get("expected").stringValue());
            return;
        }
        TemplateException thrown = null;
        String text = "";
        try {
            text = Template.parse(source).render(variables, clock);
        } catch (TemplateException e) {
            thrown = e;
        }
        assertThat(thrown).as("rendered as: " + text).isNotNull();
        if (each.has("raised")) {
            assertThat(thrown)
                    .isInstanceOf(TemplateRaisedException.class)
                    .hasMessage(each.get("raised").stringValue());
            return;
        }
        String[] failure = each.get("fails").stringValue().split(": ", 2);
        boolean syntax = failure[0].endsWith("SyntaxError");
        assertThat(thrown instanceof TemplateSyntaxException)
                .as(thrown.getMessage())
                .isEqualTo(syntax);
        if (failure[0].equals("UndefinedError") || failure[0].equals("SecurityError")) {
            assertThat(thrown).hasMessageContaining(failure[1]);
        }
    }
}
