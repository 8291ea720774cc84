package dev.ingot.scheduler;

import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.sequence.SequenceId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Who was accepted and has not ended: each either waits, holding no block, or runs.
final class Roster {
    private final Map<SequenceId, Admitted> admitted = new HashMap<>();
    private final List<Sequence> running = new ArrayList<>();
    private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();

    /// Oldest first.
    List<Sequence> running() {
        return Collections.unmodifiableList(running);
    }

    /// In the order in which they are to run.
    Collection<Sequence> waiting() {
        return Collections.unmodifiableCollection(waiting);
    }

    /// A copy, in no order that means anything.
    List<Admitted> all() {
        return List.copyOf(admitted.values());
    }

    boolean isEmpty() {
        return admitted.isEmpty();
    }

    @Nullable Admitted find(SequenceId id) {
        return admitted.get(id);
    }

    Admitted get(SequenceId id) {
        return Objects.requireNonNull(admitted.get(id));
    }

    /// Whether this very submission is still there: its sequence may have ended, or come again with the next epoch.
    boolean has(Admitted entry) {
        var known = admitted.get(entry.sequence().id());
        return known != null && known.sequence() == entry.sequence();
    }

    /// It waits behind all others.
    void add(Admitted entry) {
        admitted.put(entry.sequence().id(), entry);
        waiting.addLast(entry.sequence());
    }

    /// It waits no more but runs.
    ///
    /// @return false where it ran already
    boolean start(Sequence sequence) {
        return waiting.remove(sequence) && running.add(sequence);
    }

    /// It lost its blocks, and waits before all others.
    void putBack(Sequence sequence) {
        running.remove(sequence);
        waiting.addFirst(sequence);
    }

    /// It is over.
    ///
    /// @return whether it was running
    boolean remove(Sequence sequence) {
        admitted.remove(sequence.id());
        waiting.remove(sequence);
        return running.remove(sequence);
    }
}
