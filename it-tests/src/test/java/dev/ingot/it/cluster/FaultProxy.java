package dev.ingot.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// A TCP proxy that can stop passing anything on while its connections stay open, as a network does that has been cut.
final class FaultProxy implements AutoCloseable {
    private static final int BUFFER = 64 << 10;

    private final ServerSocket listener;
    private final int target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<String> cut = ConcurrentHashMap.newKeySet();
    private final AtomicLong heldBytes = new AtomicLong();
    private final Object healed = new Object();
    private volatile boolean closed;

    private FaultProxy(ServerSocket listener, int target) {
        this.listener = listener;
        this.target = target;
    }

    /// @param target the port behind it
    static FaultProxy to(int target) {
        try {
            var proxy =
                    new FaultProxy(
                            new ServerSocket(0, 64, InetAddress.getLoopbackAddress()), target);
            Thread.ofVirtual().start(proxy::accept);
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    /// From now on nothing passes to or from this address.
    void cut(String address) {
        cut.add(address);
    }

    void heal() {
        cut.clear();
        synchronized (healed) {
            healed.notifyAll();
        }
    }

    /// Bytes that arrived while nothing passed: the proof that somebody was cut off.
    long heldBytes() {
        return heldBytes.get();
    }

    private void accept() {
        while (!closed) {
            try {
                var client = listener.accept();
                sockets.add(client);
                Thread.ofVirtual().start(() -> connect(client));
            } catch (IOException e) {
                return; // Closed.
            }
        }
    }

    private void connect(Socket client) {
        var server = new Socket();
        try {
            String address = client.getInetAddress().getHostAddress();
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 2000);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            sockets.add(server);
            Thread.ofVirtual().start(() -> pass(client, server, address));
            pass(server, client, address);
        } catch (IOException e) {
            close(client);
            close(server);
        }
    }

    private void pass(Socket from, Socket to, String address) {
        var buffer = new byte[BUFFER];
        try {
            var in = from.getInputStream();
            var out = to.getOutputStream();
            int count;
            while ((count = in.read(buffer)) >= 0) {
                if (cut.contains(address)) {
                    heldBytes.addAndGet(count);
                    awaitHealed(address);
                }
                out.write(buffer, 0, count);
            }
        } catch (IOException e) {
            // One side has gone; so has the other.
        } finally {
            close(from);
            close(to);
        }
    }

    private void awaitHealed(String address) throws IOException {
        synchronized (healed) {
            try {
                while (cut.contains(address) && !closed) {
                    healed.wait();
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    private void close(Socket socket) {
        sockets.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        closed = true;
        heal();
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Set.copyOf(sockets).forEach(this::close);
    }
}
