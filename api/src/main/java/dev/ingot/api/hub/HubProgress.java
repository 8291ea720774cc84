package dev.ingot.api.hub;

/// Hears how a download goes on; called from several threads, often.
@FunctionalInterface
public interface HubProgress {
    /// Bytes have come, or were there.
    ///
    /// @param doneBytes of all files together, those that were there before included
    void at(String file, long doneBytes, long totalBytes);
}
