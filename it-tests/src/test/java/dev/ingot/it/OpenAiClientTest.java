package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// What people use: OpenAI's official client for Java.
final class OpenAiClientTest {
    private static final TestServer SERVER = TestServer.start();
    private static final OpenAIClient CLIENT =
            OpenAIOkHttpClient.builder()
                    .apiKey("none")
                    .baseUrl(SERVER.url() + "/v1")
                    .maxRetries(0)
                    .build();

    @AfterAll
    static void stop() {
        CLIENT.close();
        SERVER.close();
    }

    private static ChatCompletionCreateParams.Builder chat(String message) {
        return ChatCompletionCreateParams.builder()
                .model(TestServer.MODEL)
                .addUserMessage(message)
                .temperature(0)
                .maxCompletionTokens(60);
    }

    @Test
    void listsTheModel() {
        assertThat(CLIENT.models().list().data())
                .anyMatch(model -> model.id().equals(TestServer.MODEL));
    }

    @Test
    void aStreamedChatAddsUpToTheWholeOne() {
        var whole =
                CLIENT.chat().completions().create(chat("Tell me a story about a fox.").build());
        var accumulator = ChatCompletionAccumulator.create();
        var streamed =
                chat("Tell me a story about a fox.")
                        .streamOptions(
                                ChatCompletionStreamOptions.builder().includeUsage(true).build())
                        .build();
        try (var stream = CLIENT.chat().completions().createStreaming(streamed)) {
            stream.stream().forEach(accumulator::accumulate);
        }
        var sum = accumulator.chatCompletion();
        assertThat(sum.choices().getFirst().message().content())
                .isEqualTo(whole.choices().getFirst().message().content());
        assertThat(sum.choices().getFirst().finishReason())
                .isEqualTo(whole.choices().getFirst().finishReason());
        assertThat(sum.usage().orElseThrow().completionTokens())
                .isEqualTo(whole.usage().orElseThrow().completionTokens());
        assertThat(whole.choices().getFirst().message().content().orElseThrow().length())
                .isGreaterThan(40);
    }

    @Test
    void severalChoicesAndLogprobsCome() {
        var answer =
                CLIENT.chat()
                        .completions()
                        .create(
                                chat("Hello!")
                                        .n(2)
                                        .temperature(0.8)
                                        .putAdditionalBodyProperty("seed", JsonValue.from(5))
                                        .logprobs(true)
                                        .topLogprobs(2)
                                        .build());
        assertThat(answer.choices()).hasSize(2);
        var logprobs = answer.choices().getFirst().logprobs().orElseThrow().content().orElseThrow();
        assertThat(logprobs).isNotEmpty();
        assertThat(logprobs.getFirst().topLogprobs()).hasSize(2);
    }

    @Test
    void legacyCompletionsWork() {
        var answer =
                CLIENT.completions()
                        .create(
                                CompletionCreateParams.builder()
                                        .model(TestServer.MODEL)
                                        .prompt("Once upon a time")
                                        .maxTokens(20)
                                        .temperature(0)
                                        .build());
        assertThat(answer.choices().getFirst().text()).isNotBlank();
    }

    @Test
    void aToolCallComesAsOne() {
        var parameters =
                FunctionParameters.builder()
                        .putAdditionalProperty("type", JsonValue.from("object"))
                        .putAdditionalProperty(
                                "properties",
                                JsonValue.from(
                                        Map.of(
                                                "city",
                                                Map.of(
                                                        "type",
                                                        "string",
                                                        "description",
                                                        "Name of the city"))))
                        .putAdditionalProperty("required", JsonValue.from(List.of("city")))
                        .build();
        var function =
                FunctionDefinition.builder()
                        .name("get_weather")
                        .description("Get the current weather of a city")
                        .parameters(parameters)
                        .build();
        var answer =
                CLIENT.chat()
                        .completions()
                        .create(
                                chat("What is the weather in Rome?")
                                        .addFunctionTool(function)
                                        .build());
        var call =
                answer.choices()
                        .getFirst()
                        .message()
                        .toolCalls()
                        .orElseThrow()
                        .getFirst()
                        .asFunction();
        assertThat(call.function().name()).isEqualTo("get_weather");
        assertThat(TestServer.JSON.readTree(call.function().arguments()).path("city").asString())
                .isEqualTo("Rome");
    }

    @Test
    void errorsAreTheClassesThatClientsCheckFor() {
        assertThatThrownBy(() ->
                        CLIENT.chat().completions().create(chat("Hi").model("another").build()))
                .isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() ->
                        CLIENT.chat().completions().create(chat("Hi").temperature(-1).build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("temperature");
    }
}
