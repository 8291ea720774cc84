package dev.ingot.api.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes TCP connections on which nothing is ever sent: the kernel closes them with the process, however it ends.
///
/// Whoever connects gets to know whether this process lives, and nothing else; so they are not encrypted.
public final class LifelineListener implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 256;
    private static final Logger log = LoggerFactory.getLogger(LifelineListener.class);

    private final ServerSocket listener;
    private final Semaphore room = new Semaphore(MOST_CONNECTIONS);
    private final Set<Socket> held = ConcurrentHashMap.newKeySet();

    private LifelineListener(ServerSocket listener) {
        this.listener = listener;
    }

    /// Listens on any free port of this address.
    ///
    /// @throws IOException if it cannot
    public static LifelineListener listen(String host) throws IOException {
        var lines = new LifelineListener(new ServerSocket(0, 16, InetAddress.getByName(host)));
        Thread.ofVirtual().name("lifelines").start(lines::accept);
        return lines;
    }

    /// Where it listens.
    public int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                var socket = listener.accept();
                if (!room.tryAcquire()) {
                    socket.close();
                    continue;
                }
                held.add(socket);
                Thread.ofVirtual()
                        .start(() -> {
                            ConnectingLifelines.awaitEnd(socket);
                            held.remove(socket);
                            room.release();
                        });
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    log.warn("A lifeline could not be taken: {}", e.getMessage());
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (var socket : held) {
            socket.close();
        }
    }
}
