package dev.ingot.engine.sequence;

/// Which token timeline: a request and the number of its choice (`n` > 1 gives several).
///
/// @param request unique among all requests that any node has in flight
/// @param choice 0 for the first
public record SequenceId(long request, int choice) {
    @Override
    public String toString() {
        return Long.toHexString(request) + "/" + choice;
    }
}
