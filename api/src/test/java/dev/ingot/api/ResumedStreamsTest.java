package dev.ingot.api;

import static dev.ingot.api.ServerFixture.completed;
import static dev.ingot.api.ServerFixture.delta;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.Requests;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients whose connection breaks, and who come back to their stream.
class ResumedStreamsTest {
    private static final String PATH = "/v1/completions";
    private static final String STREAM = "{\"prompt\": \"hi\", \"stream\": true}";
    private static final String WINDOW = "X-Resume-Window: 20";

    private ServerFixture server;

    @BeforeEach
    void start() {
        server = new ServerFixture();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /// A connection, and the events that came on it.
    private static final class Connection implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader lines;

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            lines =
                    new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        }

        String id() throws IOException {
            return line("id: ");
        }

        String data() throws IOException {
            return line("data: ");
        }

        private String line(String start) throws IOException {
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.equals("0")) {
                    break; // The last chunk of a response.
                }
                if (line.startsWith(start)) {
                    return line.substring(start.length());
                }
            }
            return "the end";
        }

        /// Without a word, as a phone does that leaves its network.
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private Connection begin() throws IOException {
        return new Connection(server.rawPost(PATH, STREAM, WINDOW));
    }

    private Connection resume(String lastEventId, String... headers) throws IOException {
        var all = new java.util.ArrayList<>(List.of("Last-Event-ID: " + lastEventId));
        all.addAll(List.of(headers));
        return new Connection(server.rawPost(PATH, "{}", all.toArray(String[]::new)));
    }

    private void tell(ActorRef<Output> stream, Output output) {
        stream.tell(output);
        server.handle.expectMessage(Requests.Taken.INSTANCE);
    }

    @Test
    void goOnAfterTheLastEventThatTheClientHas() throws IOException {
        var client = begin();
        server.open();
        var stream = server.expectAttach();
        tell(stream, delta(0, "a"));
        tell(stream, delta(0, "b"));
        String first = client.id();
        assertThat(client.data()).contains("\"text\":\"a\"");
        client.reset();
        stream.tell(delta(0, "c"));

        try (var again = resume(first)) {
            assertThat(again.id()).isEqualTo(first.replaceFirst("1$", "2"));
            assertThat(again.data()).contains("\"text\":\"b\"");
            assertThat(again.data()).contains("\"text\":\"c\"");
            server.handle.expectMessage(Requests.Taken.INSTANCE);
            tell(stream, new Output.ChoiceFinished(0, FinishReason.STOP, -1, null));
            tell(stream, completed(2, 3));
            assertThat(again.data()).contains("\"finish_reason\":\"stop\"");
            assertThat(again.data()).isEqualTo("[DONE]");
        }
    }

    @Test
    void areToldTheEndAgainWhereItGotLost() throws IOException {
        var client = begin();
        server.open();
        var stream = server.expectAttach();
        tell(stream, delta(0, "a"));
        tell(stream, new Output.ChoiceFinished(0, FinishReason.STOP, -1, null));
        tell(stream, completed(2, 1));
        String first = client.id();
        while (!client.data().equals("[DONE]")) {}
        client.close();

        for (int i = 0; i < 2; i++) {
            try (var again = resume(first)) {
                assertThat(again.data()).contains("\"finish_reason\":\"stop\"");
                assertThat(again.data()).isEqualTo("[DONE]");
            }
        }
    }

    @Test
    void takeTheStreamOverFromAConnectionThatOnlySeemsToBeThere() throws IOException {
        try (var client = begin()) {
            server.open();
            var stream = server.expectAttach();
            tell(stream, delta(0, "a"));
            String first = client.id();
            try (var again = resume(first)) {
                tell(stream, delta(0, "b"));
                assertThat(again.data()).contains("\"text\":\"b\"");
                String last = "";
                for (String data = ""; !data.equals("the end"); data = client.data()) {
                    last = data;
                }
                assertThat(last).as("cut, not complete").contains("\"text\":");
            }
        }
    }

    @Test
    void areWaitedForWithoutTokensPilingUp() throws IOException {
        var client = begin();
        server.open();
        var stream = server.expectAttach();
        tell(stream, delta(0, "a"));
        String first = client.id();
        client.reset();

        int taken = 0;
        stream.tell(delta(0, "b"));
        while (taken < 100 && isTaken()) {
            taken++;
            stream.tell(delta(0, "b"));
        }

        assertThat(taken).as("outputs asked for while nobody reads").isLessThan(8);
        try (var again = resume(first)) {
            assertThat(again.data()).contains("\"text\":\"b\"");
        }
    }

    private boolean isTaken() {
        try {
            server.handle.expectMessage(Duration.ofMillis(300), Requests.Taken.INSTANCE);
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    @Test
    void areNotWaitedForForEver() throws IOException {
        var client = new Connection(server.rawPost(PATH, STREAM, "X-Resume-Window: 1"));
        server.open();
        tell(server.expectAttach(), delta(0, "a"));
        String first = client.id();
        client.reset();

        server.handle.expectMessage(Duration.ofSeconds(20), Requests.ClientGone.INSTANCE);
        assertRefused(404, first);
    }

    @Test
    void areNotThoseWhoDidNotAskForIt() throws IOException {
        var client = new Connection(server.rawPost(PATH, STREAM));
        server.open();
        tell(server.expectAttach(), delta(0, "a"));
        client.reset();
        server.handle.expectMessage(Duration.ofSeconds(5), Requests.ClientGone.INSTANCE);
    }

    @Test
    void leaveTheirRequestIfTheyGoBeforeItIsOpen() throws IOException {
        var client = begin();
        var open = server.expectOpen();
        client.reset();
        server.requests.expectNoMessage(Duration.ofMillis(200));
        open.replyTo().tell(new Requests.Opened(server.handle.ref()));
        server.handle.expectMessage(Duration.ofSeconds(5), Requests.ClientGone.INSTANCE);
    }

    @Test
    void areToldIfWhatTheyMissedIsKeptNoMore() throws IOException {
        String first;
        try (var client = begin()) {
            server.open();
            var stream = server.expectAttach();
            tell(stream, delta(0, "a"));
            first = client.id();
            for (int i = 0; i < 8; i++) {
                tell(stream, delta(0, "b".repeat(10_000)));
                assertThat(client.data()).contains("\"text\":");
            }
        }
        assertRefused(410, first);
    }

    @ParameterizedTest
    @CsvSource({
        "hello, 400",
        "0123456789abcdef-1, 404",
        "0123456789abcdef-99999999999999999999, 400"
    })
    void areRefusedIfThereIsNoSuchStream(String lastEventId, int status) {
        assertRefused(status, lastEventId);
    }

    @Test
    void areRefusedIfItIsSomebodyElses() throws IOException {
        try (var client = new Connection(server.rawPost(PATH, STREAM, WINDOW, "X-Tenant: fox"))) {
            server.open();
            tell(server.expectAttach(), delta(0, "a"));
            String first = client.id();
            assertRefused(404, first);
            assertRefused(400, first.replaceFirst("1$", "7"), "X-Tenant", "fox");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "61", "-1", "soon", ""})
    void haveToSayHowLong(String window) {
        var response = server.postLater(PATH, STREAM, "X-Resume-Window", window).join();
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("X-Resume-Window");
    }

    @Test
    void haveToStream() {
        var response =
                server.postLater(PATH, "{\"prompt\": \"hi\"}", "X-Resume-Window", "9").join();
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("`stream`");
    }

    private void assertRefused(int status, String lastEventId, String... headers) {
        var all = new java.util.ArrayList<>(List.of("Last-Event-ID", lastEventId));
        all.addAll(List.of(headers));
        var response = server.postLater(PATH, "{}", all.toArray(String[]::new)).join();
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.body()).contains("Last-Event-ID");
    }
}
