package dev.ingot.engine.ops;

/// One step's device work: recorded once, run once.
///
/// Used from the worker's thread only. Made by [Device#commandBuffer]. Opening the next one before this one
/// was committed discards this one: nothing of it runs, and recording into it or committing it is an
/// [IllegalStateException].
public interface CommandBuffer {
    /// Records into this buffer until [#commit].
    ///
    /// @throws IllegalStateException if it was committed or discarded
    Encoder encoder();

    /// Runs what was recorded. May return before or after the device is done; `completion` is told
    /// exactly once, on any thread, and must neither block nor throw.
    ///
    /// @throws IllegalStateException if it was committed or discarded before
    void commit(Completion completion);

    /// Hears how a command buffer ended.
    interface Completion {
        /// Every op ran; results are visible to the host.
        void completed();

        /// The results of this buffer are undefined and must not be used.
        void failed(DeviceException cause);
    }
}
