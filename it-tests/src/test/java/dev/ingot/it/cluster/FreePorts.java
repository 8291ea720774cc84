package dev.ingot.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;

/// Ports for nodes that start a moment later. Neither the system gives them away meanwhile, to a client's connection say, nor
/// does another process of the tests take them.
final class FreePorts {
    private static final int FIRST = 10_240;
    private static final int COUNT = 20_000; // Below those that systems give away.
    private static final int OF_ONE_PROCESS = 100;

    private static long next = ProcessHandle.current().pid() * OF_ONE_PROCESS;

    private FreePorts() {}

    /// One that nobody listens at, and another one each time.
    static synchronized int next() {
        for (int tried = 0; tried < COUNT; tried++) {
            int port = FIRST + (int) (next++ % COUNT);
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException _) {
                // Somebody else's.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        throw new IllegalStateException("no port is free from " + FIRST + " on");
    }
}
