package dev.ingot.api.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/// Closes a stream that brings nothing for too long, so that whoever reads from it gets an error and can try again.
final class StallGuard implements AutoCloseable {
    private final InputStream stream;
    private final Thread watcher;
    private volatile long heardNanos = System.nanoTime();

    private StallGuard(InputStream stream, Duration limit) {
        this.stream = stream;
        this.watcher = Thread.ofVirtual().unstarted(() -> watch(limit));
    }

    static StallGuard watch(InputStream stream, Duration limit) {
        var guard = new StallGuard(stream, limit);
        guard.watcher.start();
        return guard;
    }

    /// Something came.
    void heard() {
        heardNanos = System.nanoTime();
    }

    private void watch(Duration limit) {
        try {
            while (System.nanoTime() - heardNanos < limit.toNanos()) {
                Thread.sleep(limit.dividedBy(4));
            }
            stream.close();
        } catch (InterruptedException | IOException e) {
            // Interrupted: the reading has ended. Closing failed: then the reader fails, too.
            return;
        }
    }

    @Override
    public void close() {
        watcher.interrupt();
    }
}
