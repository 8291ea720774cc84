package dev.ingot.engine.model;

/// Told how far the loading of a model has come.
@FunctionalInterface
public interface LoadProgress {
    /// Nobody is told.
    LoadProgress NONE = _ -> {};

    /// A matrix is on the device.
    ///
    /// @param bytes that it takes in its file
    void loaded(long bytes);
}
