package dev.ingot.worker;

/// Told how far a worker has come with loading its model. Called on the worker's thread.
@FunctionalInterface
public interface LoadListener {
    /// Nobody is told.
    LoadListener NONE = (_, _) -> {};

    /// So many bytes of the weight files are on the device; the last call has `doneBytes` equal to `totalBytes`.
    void at(long doneBytes, long totalBytes);
}
