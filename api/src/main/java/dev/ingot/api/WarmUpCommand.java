package dev.ingot.api;

import dev.ingot.api.builtin.BuiltInModel;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.worker.WorkerSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `ingot warm-up`: serves the built-in model to itself once, so that the JVM can record what a start needs.
@Command(name = "warm-up", hidden = true, description = "Runs once for the JVM's AOT cache.")
final class WarmUpCommand implements Callable<Integer> {
    private static final List<String> BODIES =
            List.of(
                    """
                    {"messages": [{"role": "user", "content": "Hello! Who are you?"}], "max_tokens": 24, "stream": true}\
                    """,
                    """
                    {"messages": [{"role": "user", "content": "Tell me a story."}], "max_tokens": 16, "seed": 1,
                     "temperature": 0.7, "top_p": 0.9, "logprobs": true, "top_logprobs": 2}\
                    """);

    @Override
    public Integer call() throws IOException, InterruptedException, Node.StartException {
        var settings =
                new ServeSettings(
                        "127.0.0.1",
                        0,
                        List.of("warm-up"),
                        WorkerSettings.defaults(BuiltInModel.folder()),
                        16,
                        true,
                        SchedulingPolicy.DEFAULT,
                        ServeSettings.DEFAULT_GRACE,
                        OptionalLong.of(1),
                        ChatSettings.OF_THE_MODEL);
        try (var node = Node.start(settings);
                var client = HttpClient.newHttpClient()) {
            for (var body : BODIES) {
                var request =
                        HttpRequest.newBuilder(URI.create(node.url() + "/v1/chat/completions"))
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString(body))
                                .build();
                var response = client.send(request, BodyHandlers.ofString());
                if (response.statusCode() != 200) {
                    System.err.println(response.body());
                    return 1;
                }
            }
            var metrics = HttpRequest.newBuilder(URI.create(node.url() + "/metrics")).build();
            var exposed = client.send(metrics, BodyHandlers.ofString());
            return exposed.statusCode() == 200 ? 0 : 1;
        }
    }
}
