package dev.ingot.api.bench;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import javax.net.ssl.SSLSocketFactory;

/// The answer to one POST, over a connection of its own and read by whoever asked.
///
/// An HTTP client with threads and pools of its own costs a busy machine more than a small model does, and would be
/// measured with the server. This one wakes nobody but the thread that waits for the bytes.
final class HttpAnswer implements AutoCloseable {
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    private static final int MAX_LINE = 64 << 10;

    private final Socket socket;
    private final InputStream raw;
    private final int status;
    private final InputStream body;

    private HttpAnswer(Socket socket, InputStream raw) throws IOException {
        this.socket = socket;
        this.raw = raw;
        status = status(line(raw));
        boolean chunked = false;
        long length = Long.MAX_VALUE;
        for (var header = line(raw); !header.isEmpty(); header = line(raw)) {
            var lower = header.toLowerCase(Locale.ROOT);
            if (lower.startsWith("transfer-encoding:")) {
                chunked = lower.endsWith("chunked");
            } else if (lower.startsWith("content-length:")) {
                length = Long.parseLong(lower.substring(lower.indexOf(':') + 1).strip());
            }
        }
        body = new Body(raw, chunked, length);
    }

    /// Sends a JSON document and returns when the head of the answer is there.
    ///
    /// @param silence how long nothing may come
    static HttpAnswer post(URI uri, String json, Duration silence) throws IOException {
        boolean secure = "https".equals(uri.getScheme());
        int port = uri.getPort() >= 0 ? uri.getPort() : secure ? HTTPS_PORT : HTTP_PORT;
        var socket = secure ? SSLSocketFactory.getDefault().createSocket() : new Socket();
        try {
            socket.connect(new InetSocketAddress(uri.getHost(), port));
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) silence.toMillis());
            byte[] content = json.getBytes(StandardCharsets.UTF_8);
            byte[] head =
                    ("POST "
                                    + uri.getRawPath()
                                    + " HTTP/1.1\r\nHost: "
                                    + uri.getAuthority()
                                    + "\r\n"
                                    + "Content-Type: application/json\r\n"
                                    + "Connection: close\r\n"
                                    + "Content-Length: "
                                    + content.length
                                    + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII);
            byte[] request = new byte[head.length + content.length];
            System.arraycopy(head, 0, request, 0, head.length);
            System.arraycopy(content, 0, request, head.length, content.length);
            socket.getOutputStream().write(request);
            return new HttpAnswer(socket, new BufferedInputStream(socket.getInputStream()));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    int status() {
        return status;
    }

    /// What follows the head, without the marks of its chunks.
    InputStream body() {
        return body;
    }

    @Override
    public void close() throws IOException {
        raw.close();
        socket.close();
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
            }
        }
    }
}
