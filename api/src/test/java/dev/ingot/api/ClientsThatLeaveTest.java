package dev.ingot.api;

import static dev.ingot.api.ServerFixture.completed;
import static dev.ingot.api.ServerFixture.delta;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.scheduler.Output;
import dev.ingot.scheduler.Requests;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientsThatLeaveTest {
    private static final String PATH = "/v1/completions";
    private static final String WHOLE = "{\"prompt\": \"hi\"}";
    private static final String STREAM = "{\"prompt\": \"hi\", \"stream\": true}";
    private static final Duration SOON = Duration.ofSeconds(1);

    private ServerFixture server;

    @BeforeEach
    void start() {
        server = new ServerFixture();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void areNoticedWhileTokensFlow(boolean reset) throws IOException {
        var client = server.rawPost(PATH, STREAM);
        server.open();
        server.stream(delta(0, "a"));

        leave(client, reset);

        server.handle.expectMessage(SOON, Requests.ClientGone.INSTANCE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void areNoticedBeforeTheFirstToken(boolean reset) throws IOException {
        var client = server.rawPost(PATH, STREAM);
        server.open();
        server.expectAttach();

        leave(client, reset);

        server.handle.expectMessage(SOON, Requests.ClientGone.INSTANCE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void areNoticedWhileTheyWaitForAWholeAnswer(boolean reset) throws IOException {
        var client = server.rawPost(PATH, WHOLE);
        server.open();
        server.handle.expectMessageClass(Requests.Collect.class);

        leave(client, reset);

        server.handle.expectMessage(SOON, Requests.ClientGone.INSTANCE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void areNoticedWhileTheirRequestIsNotOpen(boolean reset) throws IOException {
        var client = server.rawPost(PATH, WHOLE);
        var open = server.expectOpen();

        leave(client, reset);
        server.requests.expectNoMessage(Duration.ofMillis(200));
        open.replyTo().tell(new Requests.Opened(server.handle.ref()));

        server.handle.expectMessage(SOON, Requests.ClientGone.INSTANCE);
    }

    @Test
    void areNotConfusedWithThoseWhoAskForTheConnectionToBeClosed() throws IOException {
        try (var client = server.rawPost(PATH, WHOLE, "Connection: close")) {
            server.open();
            var collect = server.handle.expectMessageClass(Requests.Collect.class);
            server.handle.expectNoMessage(Duration.ofMillis(300));
            collect.replyTo()
                    .tell(
                            new Requests.Whole(
                                    java.util.List.of(
                                            delta(0, "ok"),
                                            new Output.ChoiceFinished(
                                                    0, FinishReason.STOP, -1, null),
                                            completed(2, 2))));

            String answer =
                    new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 200").contains("\"text\":\"ok\"");
        }
    }

    @Test
    void areNotThoseWhoseAnswerIsComplete() throws IOException {
        var client = server.rawPost(PATH, STREAM);
        server.open();
        server.stream(
                delta(0, "a"),
                new Output.ChoiceFinished(0, FinishReason.STOP, -1, null),
                completed(2, 1));
        readUntil(client, "[DONE]");

        client.close();

        server.handle.expectNoMessage(Duration.ofMillis(300));
    }

    @Test
    void pauseTheirOwnRequestWhenTheyStopReading() throws IOException {
        try (var client = new Socket()) {
            client.setReceiveBufferSize(4096);
            client.connect(server.server.address());
            client.setSoTimeout(10_000);
            client.getOutputStream()
                    .write(
                            ("POST "
                                            + PATH
                                            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                            + "Content-Length: "
                                            + STREAM.length()
                                            + "\r\n\r\n"
                                            + STREAM)
                                    .getBytes(StandardCharsets.UTF_8));
            server.open();
            var stream = server.expectAttach();
            int taken = 0;
            stream.tell(delta(0, "a"));
            while (isTaken() && taken < 10_000) {
                taken++;
                stream.tell(delta(0, "a"));
            }

            assertThat(taken).as("events taken without a reader").isBetween(1, 2_000);

            var in = client.getInputStream();
            byte[] buffer = new byte[8192];
            long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
            boolean goesOn = false;
            while (!goesOn && System.nanoTime() < deadline) {
                assertThat(in.read(buffer)).isPositive();
                goesOn = isTakenWithin(Duration.ofMillis(20));
            }
            assertThat(goesOn).as("goes on when it is read").isTrue();
        }
    }

    private boolean isTaken() {
        return isTakenWithin(Duration.ofMillis(500));
    }

    private boolean isTakenWithin(Duration time) {
        try {
            server.handle.expectMessage(time, Requests.Taken.INSTANCE);
            return true;
        } catch (AssertionError _) {
            return false;
        }
    }

    private static void leave(Socket client, boolean reset) throws IOException {
        if (reset) {
            client.setSoLinger(true, 0);
        }
        client.close();
    }

    private static void readUntil(Socket client, String end) throws IOException {
        var read = new StringBuilder();
        byte[] buffer = new byte[1024];
        while (read.indexOf(end) < 0) {
            int count = client.getInputStream().read(buffer);
            if (count < 0) {
                throw new IOException("ended before " + end + ": " + read);
            }
            read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
    }
}
