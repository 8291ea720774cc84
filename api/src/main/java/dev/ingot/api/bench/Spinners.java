package dev.ingot.api.bench;

/// Threads that keep cores busy with nothing, as another program would.
final class Spinners implements AutoCloseable {
    private volatile boolean closed;

    Spinners(int count) {
        for (int i = 0; i < count; i++) {
            Thread.ofPlatform().name("spinner-" + i).daemon().start(this::spin);
        }
    }

    private void spin() {
        while (!closed) {
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
