package dev.ingot.api.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/// A client that reads a long answer so slowly that the server has to wait for it.
///
/// On a plain socket with a small buffer: an HTTP client would read ahead, and the server would see nothing of
/// the slowness.
final class SlowReader implements AutoCloseable {
    private static final int BUFFER_BYTES = 2048;
    private static final int HTTP_PORT = 80;

    private final Socket socket;
    private final double tokensPerSecond;
    private int events;

    private SlowReader(Socket socket, double tokensPerSecond) {
        this.socket = socket;
        this.tokensPerSecond = tokensPerSecond;
    }

    /// Sends the request, and begins to read in a thread of its own.
    ///
    /// @param server with the scheme `http`
    static SlowReader start(URI server, String body, double tokensPerSecond) throws IOException {
        var socket = new Socket();
        try {
            socket.setReceiveBufferSize(
                    BUFFER_BYTES); // before it connects, or it counts for nothing
            int port = server.getPort() < 0 ? HTTP_PORT : server.getPort();
            socket.connect(new InetSocketAddress(server.getHost(), port));
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            String head =
                    "POST /v1/completions HTTP/1.1\r\nHost: "
                            + server.getAuthority()
                            + "\r\nContent-Type: application/json\r\nContent-Length: "
                            + bytes.length
                            + "\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(bytes);
            var reader = new SlowReader(socket, tokensPerSecond);
            Thread.ofVirtual().name("slow reader").start(reader::read);
            return reader;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// Until the answer ends or [#close].
    private void read() {
        try {
            var lines =
                    new BufferedReader(
                            new InputStreamReader(
                                    socket.getInputStream(), StandardCharsets.US_ASCII),
                            BUFFER_BYTES);
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.startsWith("data:")) {
                    synchronized (this) {
                        events++;
                    }
                    Thread.sleep((long) (1000 / tokensPerSecond));
                }
            }
        } catch (IOException e) {
            if (!socket.isClosed()) {
                throw new UncheckedIOException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Events read so far.
    synchronized int events() {
        return events;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
