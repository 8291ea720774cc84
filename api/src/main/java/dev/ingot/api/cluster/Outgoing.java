package dev.ingot.api.cluster;

import java.util.ArrayList;
import java.util.List;

/// What one end of a link is about to say: all that comes while it is busy travels in one message, as what a step tells all
/// streams does.
///
/// Nothing waits for more to come: whoever adds the first one sends itself a word, and when that word has come round, behind what was in
/// the mailbox already, everything is sent.
final class Outgoing<M> {
    /// In one message, which must stay within a frame.
    private static final int MOST = 256;

    private final List<M> messages = new ArrayList<>();
    private long first;

    /// Has a message wait to be sent.
    ///
    /// @param number of the message; the ones before it are waiting or sent
    /// @return whether it is the first one that waits
    boolean add(long number, M message) {
        if (messages.isEmpty()) {
            first = number;
        }
        messages.add(message);
        return messages.size() == 1;
    }

    boolean isEmpty() {
        return messages.isEmpty();
    }

    boolean isFull() {
        return messages.size() >= MOST;
    }

    /// The number of the first one that waits.
    long first() {
        return first;
    }

    /// Takes all that wait.
    List<M> take() {
        var all = List.copyOf(messages);
        messages.clear();
        return all;
    }
}
