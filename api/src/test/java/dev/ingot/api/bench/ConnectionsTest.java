package dev.ingot.api.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ConnectionsTest {
    private static final Duration SILENCE = Duration.ofSeconds(20);

    /// Answers so many requests on a connection, then closes it without a word.
    private static final class Server implements AutoCloseable {
        private final ServerSocket socket =
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final AtomicInteger connections = new AtomicInteger();
        private final String answer;
        private final int answers;

        Server(String answer, int answers) throws IOException {
            this.answer = answer;
            this.answers = answers;
            Thread.ofVirtual().start(this::accept);
        }

        URI uri() {
            return URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/v1/completions");
        }

        private void accept() {
            while (!socket.isClosed()) {
                try (var connection = socket.accept()) {
                    connections.incrementAndGet();
                    for (int i = 0; i < answers; i++) {
                        answer(connection);
                    }
                } catch (IOException e) {
                    // The client has closed it, or the test is over.
                }
            }
        }

        private void answer(Socket connection) throws IOException {
            var in =
                    new BufferedReader(
                            new InputStreamReader(
                                    connection.getInputStream(), StandardCharsets.UTF_8));
            int length = 0;
            for (var line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
                }
            }
            assertThat(in.skip(length)).isEqualTo(length);
            connection.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static String ask(Connections connections, Server server) throws IOException {
        try (var answer = HttpAnswer.post(connections, server.uri(), "{\"a\": 1}", SILENCE)) {
            return new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void areUsedAgainUntilTheServerClosesThem() throws IOException {
        var whole = String.join("\r\n", "HTTP/1.1 200 OK", "Content-Length: 2", "", "hi");
        var chunks =
                String.join(
                        "\r\n",
                        "HTTP/1.1 200 OK",
                        "Transfer-Encoding: chunked",
                        "",
                        "1",
                        "h",
                        "1",
                        "i",
                        "0",
                        "",
                        "");
        for (var answer : List.of(whole, chunks)) {
            try (var server = new Server(answer, 2)) {
                var connections = new Connections(server.uri());
                for (int i = 0; i < 5; i++) {
                    assertThat(ask(connections, server)).isEqualTo("hi");
                }
                assertThat(server.connections).hasValue(3);
            }
        }
    }

    @Test
    void areClosedWhereTheServerSaysSo() throws IOException {
        var answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
        try (var server = new Server(answer, 1)) {
            var connections = new Connections(server.uri());
            assertThat(ask(connections, server)).isEqualTo("hi");
            assertThat(connections.kept()).isNull();
        }
    }

    @Test
    void areClosedWhenAnAnswerIsLeft() throws IOException {
        try (var server = new Server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", 1)) {
            var connections = new Connections(server.uri());
            try (var answer = HttpAnswer.post(connections, server.uri(), "{}", SILENCE)) {
                assertThat(answer.body().read()).isEqualTo('h');
            }
            assertThat(connections.kept()).isNull();
        }
    }

    @Test
    void aNewOneThatAnswersNothingIsAFailure() throws IOException {
        try (var server = new Server("", 1)) {
            var connections = new Connections(server.uri());
            assertThatThrownBy(() -> ask(connections, server)).isInstanceOf(IOException.class);
        }
    }
}
