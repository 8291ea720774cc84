package dev.ingot.api.cluster;

import java.util.ArrayDeque;
import java.util.Iterator;

/// What one end of a link has said and the other has not yet confirmed to have heard.
final class Outbox<M> {
    private final int capacity;
    private final ArrayDeque<M> unheard = new ArrayDeque<>();
    private long first;

    /// @param capacity messages that may be unconfirmed
    Outbox(int capacity) {
        this.capacity = capacity;
    }

    /// The number of the message that is added next.
    long next() {
        return first + unheard.size();
    }

    /// Whether the other end has left too much unconfirmed.
    boolean isFull() {
        return unheard.size() >= capacity;
    }

    /// Whether the other end has confirmed all.
    boolean isEmpty() {
        return unheard.isEmpty();
    }

    /// Keeps a message until it was heard.
    ///
    /// @return its number
    long add(M message) {
        unheard.addLast(message);
        return next() - 1;
    }

    /// Everything below this number was heard. What says less than before is old and changes nothing.
    void heard(long number) {
        while (first < number && !unheard.isEmpty()) {
            unheard.removeFirst();
            first++;
        }
    }

    /// The number of the oldest message that is kept.
    long first() {
        return first;
    }

    /// What is kept, oldest first, beginning with the number [#first].
    Iterator<M> kept() {
        return unheard.iterator();
    }
}
