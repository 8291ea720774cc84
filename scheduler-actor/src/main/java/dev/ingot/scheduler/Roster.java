package dev.ingot.scheduler;

import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.engine.schedule.Sequence;
import dev.ingot.engine.schedule.WaitingLine;
import dev.ingot.engine.sequence.SequenceId;
import java.util.ArrayList;
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
    private final WaitingLine waiting;

    Roster(SchedulingPolicy policy) {
        waiting = new WaitingLine(policy);
    }

    /// Oldest first.
    List<Sequence> running() {
        return Collections.unmodifiableList(running);
    }

    WaitingLine waiting() {
        return waiting;
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

    /// It waits for its turn. An earlier choice of the same prompt, if there is one, computes it for both.
    void add(Admitted entry) {
        var sequence = entry.sequence();
        admitted.put(sequence.id(), entry);
        var leader = earlierChoice(sequence);
        if (leader != null) {
            sequence.follow(leader);
        }
        waiting.add(sequence);
    }

    private @Nullable Sequence earlierChoice(Sequence sequence) {
        var id = sequence.id();
        for (int choice = 0; choice < id.choice(); choice++) {
            var other = admitted.get(new SequenceId(id.request(), choice));
            if (other != null && other.sequence().hasPromptOf(sequence)) {
                return other.sequence();
            }
        }
        return null;
    }

    /// It waits no more but runs.
    ///
    /// @return false where it ran already
    boolean start(Sequence sequence) {
        return waiting.remove(sequence) && running.add(sequence);
    }

    /// It lost its blocks, and waits in the place that its arrival gives it.
    void putBack(Sequence sequence) {
        running.remove(sequence);
        waiting.add(sequence);
    }

    /// It is over.
    ///
    /// @return whether it was running
    boolean remove(Sequence sequence) {
        admitted.remove(sequence.id());
        waiting.remove(sequence);
        sequence.leave();
        return running.remove(sequence);
    }

    /// What waits now. A prompt that another sequence computes too does not count.
    Backlog backlog(DrainRate drainRate) {
        long tokens = 0;
        for (var sequence : waiting.all()) {
            tokens += sequence.leader() == null ? sequence.remaining() : 1;
        }
        for (var sequence : running) {
            tokens += sequence.remaining() > 1 ? sequence.remaining() : 0;
        }
        return new Backlog(waiting.size(), tokens, drainRate);
    }
}
