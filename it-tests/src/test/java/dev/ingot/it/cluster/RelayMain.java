package dev.ingot.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// A process between clients and a server that passes bytes on and does nothing else, on one thread and without a
/// framework: what any process in between costs.
public final class RelayMain {
    private static final int BYTES = 1 << 16;

    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BYTES);
    private final InetSocketAddress server;

    private RelayMain(InetSocketAddress server) throws IOException {
        this.server = server;
    }

    /// Passes on to the port of this machine that is named first, until it is killed.
    public static void main(String[] arguments) throws IOException {
        var here = InetAddress.ofLiteral("127.0.0.1");
        new RelayMain(new InetSocketAddress(here, Integer.parseInt(arguments[0]))).run(here);
    }

    private void run(InetAddress here) throws IOException {
        var listener = ServerSocketChannel.open().bind(new InetSocketAddress(here, 0), 1024);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        System.out.println("relays on http://127.0.0.1:" + listener.socket().getLocalPort());
        while (true) {
            selector.select(key -> {
                try {
                    if (!key.isValid()) {
                        return; // Closed with its other side, a moment ago.
                    }
                    if (key.isAcceptable()) {
                        accepted(listener.accept());
                    } else {
                        passOn(key);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    private void accepted(SocketChannel client) throws IOException {
        var to = SocketChannel.open(server);
        register(client, to);
        register(to, client);
    }

    private void register(SocketChannel from, SocketChannel to) throws IOException {
        from.setOption(StandardSocketOptions.TCP_NODELAY, true);
        from.configureBlocking(false);
        from.register(selector, SelectionKey.OP_READ, to);
    }

    private void passOn(SelectionKey key) throws IOException {
        var to = (SocketChannel) key.attachment();
        try {
            buffer.clear();
            if (((SocketChannel) key.channel()).read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer); // A token's bytes always fit.
                }
                return;
            }
        } catch (IOException e) {
            // One side is gone; so is the other.
        }
        key.channel().close();
        to.close();
    }
}
