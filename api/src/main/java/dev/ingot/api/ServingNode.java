package dev.ingot.api;

/// A node that serves until it is stopped.
interface ServingNode extends AutoCloseable {
    /// Where its HTTP listener is.
    String url();

    /// What it is, in one line.
    String describe();

    /// Returns when the node has ended.
    ///
    /// @return whether its cluster went on without it, so that it should begin anew
    boolean awaitTermination();

    @Override
    void close();
}
