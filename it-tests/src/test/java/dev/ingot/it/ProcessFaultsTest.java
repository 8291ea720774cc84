package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// What only a process of its own can suffer: signals, limits, damaged files, a full disk.
///
/// The numbers are those of the fault catalogue.
@Alone
@EnabledOnOs({OS.LINUX, OS.MAC})
final class ProcessFaultsTest {
    private static ObjectNode story(int tokens) {
        var body = TestClient.completion("Once upon a time", tokens);
        body.put("ignore_eos", true);
        body.put("stream", true);
        return body;
    }

    private static List<Integer> read(ServerProcess server, int tokens) {
        try (var reader = new StreamReader(server.stream("/v1/completions", story(tokens)))) {
            return List.copyOf(reader.readAll().tokenIds());
        }
    }

    private static Path copyOfModel(Path folder) throws IOException {
        try (var files = Files.list(TestServer.modelFolder())) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        return folder;
    }

    @Test
    void aServerThatIsAskedToStopFinishesItsStreams() {
        try (var server = ServerProcess.start("--shutdown-timeout", "100")) {
            var reader = new StreamReader(server.stream("/v1/completions", story(700)));
            reader.next();
            server.signal("TERM");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> server.get("/ready").contains("DRAINING"));
            assertThat(server.send("/v1/completions", story(2)).statusCode()).isEqualTo(503);
            reader.readAll();
            assertThat(reader.isDone()).isTrue();
            assertThat(reader.tokenIds()).hasSize(700);
            reader.close();
            assertThat(server.exitStatus()).as("ended by SIGTERM").isEqualTo(128 + 15);
        }
    }

    /// 33, 34: the clock jumps for everything in the process at once, as when a machine sleeps.
    @Test
    void aProcessThatStoodStillGoesOnWhereItWas() throws InterruptedException {
        try (var server = ServerProcess.start()) {
            var undisturbed = read(server, 300);
            try (var reader = new StreamReader(server.stream("/v1/completions", story(300)))) {
                reader.next();
                server.signal("STOP");
                TimeUnit.SECONDS.sleep(6); // Longer than any step may run.
                server.signal("CONT");
                assertThat(reader.readAll().tokenIds()).isEqualTo(undisturbed);
            }
            assertThat(server.metric("ingot:engine_restarts_total")).isZero();
            assertThat(server.get("/ready")).contains("READY");
        }
    }

    /// 37
    @Test
    void aHeapThatIsFullEndsTheProcessWithAMessage() {
        try (var server = ServerProcess.start("", "", "12m", TestServer.modelFolder())) {
            assertThat(server.exitStatus()).isEqualTo(3);
            assertThat(server.output()).contains("java.lang.OutOfMemoryError");
        }
    }

    /// 38
    @Test
    void moreMemoryThanThereIsIsRefusedByName() {
        try (var server = ServerProcess.start("--kv-cache-memory-bytes", Long.toString(1L << 50))) {
            assertThat(server.exitStatus()).isEqualTo(1);
            assertThat(server.output()).contains("--kv-cache-memory-bytes is", "the device has");
        }
    }

    /// 39: nothing that it writes while it serves may stop it.
    @Test
    @EnabledOnOs(OS.LINUX)
    void aFullDiskUnderTheLogStopsNobody() {
        try (var server =
                ServerProcess.start("", "2>/dev/full", "512m", TestServer.modelFolder())) {
            assertThat(read(server, 20)).hasSize(20);
            assertThat(server.get("/ready")).contains("READY");
        }
    }

    /// 39: neither may a limit on open files, once the clients that took them are gone.
    @Test
    void aClientWithTooManyConnectionsStopsNobodyForGood() throws IOException {
        var model = TestServer.modelFolder();
        try (var server = ServerProcess.start("ulimit -n 256", "", "512m", model)) {
            var address = URI.create(server.url());
            var sockets = new ArrayList<Socket>();
            for (int i = 0; i < 400; i++) {
                var socket = new Socket();
                sockets.add(socket);
                try {
                    socket.connect(
                            new InetSocketAddress(address.getHost(), address.getPort()), 100);
                } catch (SocketTimeoutException e) {
                    break; // The server has no room for it, and the system none to let it wait.
                }
            }
            assertThat(sockets).hasSizeGreaterThan(50);
            for (var socket : sockets) {
                socket.close();
            }
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .until(() -> server.get("/ready").contains("READY"));
            assertThat(read(server, 20)).hasSize(20);
        }
    }

    /// 40: the other ways to damage a file are in DamagedFilesTest.
    @Test
    void weightsThatLackAByteAreRefusedByName(@TempDir Path folder) throws IOException {
        var model = copyOfModel(folder);
        var weights = model.resolve("model.safetensors");
        try (var file =
                java.nio.channels.FileChannel.open(
                        weights, java.nio.file.StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 1);
        }
        try (var server = ServerProcess.start("", "", "512m", model)) {
            assertThat(server.exitStatus()).isEqualTo(1);
            assertThat(server.output()).contains("model.safetensors");
        }
    }

    /// 41
    @Test
    void aConfigurationOfAnotherModelIsRefusedByName(@TempDir Path folder) throws IOException {
        var model = copyOfModel(folder);
        var config = model.resolve("config.json");
        var text = Files.readString(config);
        var json = (ObjectNode) TestClient.JSON.readTree(text);
        json.put("vocab_size", json.path("vocab_size").intValue() + 8);
        Files.writeString(config, json.toString());
        try (var server = ServerProcess.start("", "", "512m", model)) {
            assertThat(server.exitStatus()).isEqualTo(1);
            assertThat(server.output()).contains("embed_tokens");
        }
    }
}
