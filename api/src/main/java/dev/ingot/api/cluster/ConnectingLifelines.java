package dev.ingot.api.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lifelines over TCP, to a [LifelineListener].
final class ConnectingLifelines implements Lifelines {
    private static final int CONNECT_MILLIS = 2000;
    private static final Logger log = LoggerFactory.getLogger(ConnectingLifelines.class);

    @Override
    public AutoCloseable hold(String host, int port, Runnable cut) {
        var socket = new Socket();
        var closed = new AtomicBoolean();
        Thread.ofVirtual()
                .name("lifeline")
                .start(() -> {
                    try {
                        socket.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
                    } catch (IOException e) {
                        if (!closed.get()) {
                            log.warn(
                                    "No lifeline to {}:{} ({}): a crash there shows only when its"
                                            + " lease is over",
                                    host,
                                    port,
                                    e.getMessage());
                        }
                        return;
                    }
                    awaitEnd(socket);
                    if (!closed.get()) {
                        cut.run();
                    }
                });
        return () -> {
            closed.set(true);
            socket.close();
        };
    }

    static void awaitEnd(Socket socket) {
        try (socket) {
            while (socket.getInputStream().read() >= 0) {
                // Nothing is expected; whatever is sent is dropped.
            }
        } catch (IOException e) {
            log.debug("A lifeline ended: {}", e.getMessage());
        }
    }
}
