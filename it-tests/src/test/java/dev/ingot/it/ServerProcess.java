package dev.ingot.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// A server as its users run it: a process of its own, which signals reach and limits bind.
final class ServerProcess extends TestClient {
    private static final Pattern READY =
            Pattern.compile("Ready after .* s: (http://\\S+) serves .*");
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    private final Process process;
    private final StringBuilder output = new StringBuilder();
    private final Thread reader;
    private volatile String url = "";

    private ServerProcess(Process process) {
        this.process = process;
        this.reader = Thread.ofVirtual().start(this::read);
    }

    /// Starts a server; returns when it is ready or has ended.
    ///
    /// @param shell what a shell does before it becomes the server: `ulimit -n 64`, say; empty for nothing
    /// @param redirection of its standard error; empty to keep it in [#output]
    /// @param heap as in `-Xmx`
    static ServerProcess start(
            String shell, String redirection, String heap, Path model, String... flags) {
        var java = new ArrayList<String>();
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-Xmx" + heap,
                        "-cp",
                        "$CLASS_PATH",
                        "dev.ingot.api.Main",
                        "serve",
                        model.toString(),
                        "--served-model-name",
                        MODEL,
                        "--device",
                        "cpu",
                        "--port",
                        "0"));
        java.addAll(List.of(flags));
        var quoted = new StringBuilder();
        java.forEach(word -> quoted.append('"').append(word).append("\" "));
        String script = (shell.isEmpty() ? "" : shell + "; ") + "exec " + quoted + redirection;
        try {
            var builder = new ProcessBuilder("sh", "-c", script);
            builder.environment().put("CLASS_PATH", CLASS_PATH);
            builder.redirectErrorStream(true);
            var server = new ServerProcess(builder.start());
            server.awaitReadyOrEnd();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ServerProcess start(String... flags) {
        return start("", "", "512m", TestServer.modelFolder(), flags);
    }

    private void read() {
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (output) {
                    output.append(line).append('\n');
                }
                var ready = READY.matcher(line);
                if (ready.matches()) {
                    url = ready.group(1);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitReadyOrEnd() {
        try {
            while (url.isEmpty() && process.isAlive()) {
                Thread.sleep(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    String url() {
        if (url.isEmpty()) {
            throw new IllegalStateException("the server is not ready:\n" + output());
        }
        return url;
    }

    /// Everything that it has said so far.
    String output() {
        synchronized (output) {
            return output.toString();
        }
    }

    /// Sends a signal by its name, `STOP` say.
    void signal(String name) {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Its exit status, once it has ended.
    int exitStatus() {
        try {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the server does not end:\n" + output());
            }
            reader.join();
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        super.close();
        process.destroyForcibly();
    }
}
