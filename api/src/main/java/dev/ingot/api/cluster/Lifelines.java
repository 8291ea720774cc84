package dev.ingot.api.cluster;

/// Connections that carry nothing and end when the other process does: a crash shows in milliseconds, long before a
/// lease runs out.
@FunctionalInterface
interface Lifelines {
    /// Holds a connection until closed.
    ///
    /// @param cut called once, on any thread, when the other side has ended it or it cannot be had
    AutoCloseable hold(String host, int port, Runnable cut);
}
