package dev.ingot.api.bench;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.ConcurrentLinkedDeque;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/// Connections to one server, kept for the next request when an answer was read to its end, as clients of OpenAI's API keep
/// them. Safe from any thread.
final class Connections {
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final URI server;
    private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();

    /// One of them, and what comes from it.
    record Connection(Socket socket, InputStream in) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// @param server of which scheme, host and port count
    Connections(URI server) {
        this.server = server;
    }

    /// The one that was used last; null where all are in use.
    @Nullable Connection kept() {
        return idle.pollFirst();
    }

    Connection open() throws IOException {
        boolean secure = "https".equals(server.getScheme());
        int port = server.getPort() >= 0 ? server.getPort() : secure ? HTTPS_PORT : HTTP_PORT;
        var socket = secure ? SSLSocketFactory.getDefault().createSocket() : new Socket();
        try {
            socket.connect(new InetSocketAddress(server.getHost(), port));
            socket.setTcpNoDelay(true);
            return new Connection(socket, new BufferedInputStream(socket.getInputStream()));
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// Nothing more will come from it unasked.
    void keep(Connection connection) {
        idle.addFirst(connection);
    }
}
