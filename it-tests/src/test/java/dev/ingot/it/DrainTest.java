package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// A server that is stopped keeps its word to those who are being served, as long as it may.
@Alone
final class DrainTest {
    private static TestServer start(Duration grace) {
        return TestServer.start(64, 1024, OptionalInt.empty(), grace);
    }

    private static ObjectNode story(int tokens) {
        var body = TestServer.completion("Once upon a time", tokens);
        body.put("ignore_eos", true);
        body.put("stream", true);
        return body;
    }

    @Test
    void whatRunsEndsAndNothingNewBegins() {
        try (var server = start(Duration.ofMinutes(5))) {
            var reader = new StreamReader(server.stream("/v1/completions", story(1500)));
            reader.next();
            var stopped = CompletableFuture.runAsync(server.node()::close);
            Awaitility.await().until(() -> server.get("/ready").contains("DRAINING"));
            var refused = server.send("/v1/completions", TestServer.completion("Hello", 3));
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            reader.readAll();
            assertThat(reader.isDone()).isTrue();
            assertThat(reader.tokenIds()).hasSize(1500);
            stopped.join();
        }
    }

    @RepeatedTest(10)
    void whatDoesNotEndInTimeIsToldSo() {
        try (var server = start(Duration.ZERO)) {
            var reader = new StreamReader(server.stream("/v1/completions", story(1900)));
            reader.next();
            var stopped = CompletableFuture.runAsync(server.node()::close);
            assertThatThrownBy(reader::readAll)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the server is stopping");
            reader.close();
            stopped.join();
        }
    }
}
