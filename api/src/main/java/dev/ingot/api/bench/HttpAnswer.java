package dev.ingot.api.bench;

import dev.ingot.api.bench.Connections.Connection;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/// The answer to one POST, read by whoever asked.
///
/// An HTTP client with threads and pools of its own costs a busy machine more than a small model does, and would be
/// measured with the server. This one wakes nobody but the thread that waits for the bytes.
final class HttpAnswer implements AutoCloseable {
    private static final int MAX_LINE = 64 << 10;

    private final Connections connections;
    private final Connection connection;
    private final int status;
    private final Body body;
    private boolean isLast;

    private HttpAnswer(Connections connections, Connection connection) throws IOException {
        this.connections = connections;
        this.connection = connection;
        var in = connection.in();
        status = status(line(in));
        boolean chunked = false;
        long length = Long.MAX_VALUE;
        for (var header = line(in); !header.isEmpty(); header = line(in)) {
            var lower = header.toLowerCase(Locale.ROOT);
            if (lower.startsWith("transfer-encoding:")) {
                chunked = lower.endsWith("chunked");
            } else if (lower.startsWith("content-length:")) {
                length = Long.parseLong(lower.substring(lower.indexOf(':') + 1).strip());
            } else if (lower.startsWith("connection:")) {
                isLast = lower.endsWith("close");
            }
        }
        body = new Body(in, chunked, length);
    }

    /// Sends a JSON document and returns when the head of the answer is there.
    ///
    /// @param silence how long nothing may come
    static HttpAnswer post(Connections connections, URI uri, String json, Duration silence)
            throws IOException {
        byte[] request = request(uri, json);
        for (var kept = connections.kept(); kept != null; kept = connections.kept()) {
            try {
                return send(connections, kept, request, silence);
            } catch (SocketTimeoutException e) {
                throw e;
            } catch (IOException closedMeanwhile) {
                // The server need not keep a connection that nobody uses.
            }
        }
        return send(connections, connections.open(), request, silence);
    }

    private static HttpAnswer send(
            Connections connections, Connection connection, byte[] request, Duration silence)
            throws IOException {
        try {
            connection.socket().setSoTimeout((int) silence.toMillis());
            connection.socket().getOutputStream().write(request);
            return new HttpAnswer(connections, connection);
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    private static byte[] request(URI uri, String json) {
        byte[] content = json.getBytes(StandardCharsets.UTF_8);
        byte[] head =
                ("POST "
                                + uri.getRawPath()
                                + " HTTP/1.1\r\nHost: "
                                + uri.getAuthority()
                                + "\r\n"
                                + "Content-Type: application/json\r\n"
                                + "Content-Length: "
                                + content.length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        byte[] request = new byte[head.length + content.length];
        System.arraycopy(head, 0, request, 0, head.length);
        System.arraycopy(content, 0, request, head.length, content.length);
        return request;
    }

    int status() {
        return status;
    }

    /// What follows the head, without the marks of its chunks.
    InputStream body() {
        return body;
    }

    /// A connection whose answer was not read to its end is closed, which tells the server that its client is gone.
    @Override
    public void close() throws IOException {
        if (body.isAtEnd() && !isLast) {
            connections.keep(connection);
        } else {
            connection.close();
        }
    }

    private static int status(String line) throws IOException {
        var parts = line.split(" ", 3);
        if (parts.length < 2 || !parts[0].startsWith("HTTP/1.") || !parts[1].matches("[0-9]{3}")) {
            throw new IOException("expected a status line of HTTP/1.1, found '" + line + "'");
        }
        return Integer.parseInt(parts[1]);
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the connection ended within a line");
            }
            if (line.length() == MAX_LINE) {
                throw new IOException("a line of more than " + MAX_LINE + " bytes");
            }
            line.append((char) c);
        }
        int length = line.length();
        return length > 0 && line.charAt(length - 1) == '\r'
                ? line.substring(0, length - 1)
                : line.toString();
    }

    /// In chunks, of a known length, or until the connection ends.
    static final class Body extends InputStream {
        private final InputStream in;
        private final boolean chunked;
        private long left;
        private boolean begun;

        Body(InputStream in, boolean chunked, long length) {
            this.in = in;
            this.chunked = chunked;
            left = chunked ? 0 : length;
        }

        boolean isAtEnd() {
            return chunked ? left < 0 : left == 0;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (chunked && left == 0) {
                nextChunk();
            }
            if (left <= 0) {
                return -1;
            }
            int count = in.read(bytes, offset, (int) Math.min(length, left));
            if (count < 0 && chunked) {
                throw new EOFException("the connection ended within a chunk");
            }
            left -= Math.max(count, 0);
            return count;
        }

        /// Where the last one was read, `left` is below zero.
        private void nextChunk() throws IOException {
            if (begun) {
                line(in); // ends the chunk before
            }
            begun = true;
            var size = line(in);
            int extension = size.indexOf(';');
            var digits = (extension < 0 ? size : size.substring(0, extension)).strip();
            try {
                left = Long.parseLong(digits, 16);
            } catch (NumberFormatException e) {
                throw new IOException("expected a chunk's size, found '" + size + "'", e);
            }
            if (left == 0) {
                left = -1;
                while (!line(in).isEmpty()) {
                    // Trailers, which say nothing to us.
                }
            }
        }
    }
}
