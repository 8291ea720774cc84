package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.ChatSettings;
import dev.ingot.engine.text.OutputFormat.Calls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A template and a form of calls in place of the model's own, as `--chat-template` and `--tool-call-parser` give them.
final class ChatSettingsTest {
    @TempDir private Path folder;

    /// The golden in which the model calls a tool, as a request.
    private static JsonNode call() {
        var goldens = Path.of("src", "test", "resources", "goldens", "ingot-small.json").toFile();
        for (var golden : TestServer.JSON.readTree(goldens).path("goldens")) {
            if (golden.path("name").asString().equals("chat-tool-call")) {
                var body = TestServer.JSON.createObjectNode().put("model", TestServer.MODEL);
                body.put("temperature", 0).put("repetition_penalty", 1);
                body.put("return_token_ids", true);
                body.put("max_tokens", golden.path("token_ids").size());
                body.set("messages", golden.path("messages"));
                body.set("tools", golden.path("tools"));
                return body;
            }
        }
        throw new AssertionError("no golden with a call");
    }

    @Test
    void aCallInAnotherFormThanTheOneThatIsReadStaysText() {
        var settings =
                new ChatSettings(
                        Optional.empty(), Optional.empty(), Optional.of(Calls.ofParser("mistral")));
        try (var server = TestServer.start(settings)) {
            var choice = server.ask("/v1/chat/completions", call()).path("choices").path(0);
            assertThat(choice.path("message").path("tool_calls").size()).isZero();
            assertThat(choice.path("message").path("content").asString())
                    .startsWith("<tool_call>")
                    .contains("get_current_weather");
        }
    }

    /// The model's own template tells of tools and of Hermes' form; this one tells of neither.
    @Test
    void promptsAreMadeByTheTemplateThatWasGiven() throws IOException {
        var file =
                Files.writeString(
                        folder.resolve("mine.jinja"),
                        "{% for m in messages %}Q: {{ m.content }}\nA:{% endfor %}");
        var settings =
                new ChatSettings(
                        Optional.of(file), Optional.empty(), Optional.of(Calls.ofParser("hermes")));
        try (var server = TestServer.start(settings)) {
            var answer = server.ask("/v1/chat/completions", call());
            var prompt =
                    TestServer.JSON
                            .createObjectNode()
                            .put("model", TestServer.MODEL)
                            .put("prompt", "Q: What's the weather like in Boston today?\nA:");
            assertThat(answer.path("prompt_token_ids"))
                    .isEqualTo(server.ask("/tokenize", prompt).path("tokens"));
        }
    }
}
