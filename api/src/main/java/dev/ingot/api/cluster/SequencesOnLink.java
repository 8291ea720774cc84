package dev.ingot.api.cluster;

import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.scheduler.Engine;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/// The sequences that a router's end of a link has given to its engine, each with whom to tell of it, and the requests that the router
/// watches.
final class SequencesOnLink {
    private final ActorRef<Engine.Command> link;
    private final ActorRef<LinkNotice> reportTo;
    private final Map<SequenceId, Sequence> running = new HashMap<>();
    private final Set<Long> watched = new HashSet<>();
    private long submitted;

    private record Sequence(int epoch, ActorRef<Engine.Event> replyTo) {}

    /// @param link under which the router knows it
    /// @param reportTo told how many there are, which end, and which watched requests get on
    SequencesOnLink(ActorRef<Engine.Command> link, ActorRef<LinkNotice> reportTo) {
        this.link = link;
        this.reportTo = reportTo;
    }

    int count() {
        return running.size();
    }

    /// The requests that have sequences here.
    Set<Long> requests() {
        var requests = new HashSet<Long>();
        running.keySet().forEach(sequence -> requests.add(sequence.request()));
        return requests;
    }

    /// Says when this request, which is about to be submitted, has got a token or has ended.
    void watch(long request) {
        watched.add(request);
    }

    void submitted(Engine.Submit submit) {
        running.put(submit.sequence(), new Sequence(submit.epoch(), submit.replyTo()));
        submitted++;
        reportCount();
    }

    /// It is to end.
    ///
    /// @return whether it was here
    boolean aborted(Engine.Abort abort) {
        var sequence = running.get(abort.sequence());
        if (sequence == null || sequence.epoch() != abort.epoch()) {
            return false;
        }
        running.remove(abort.sequence());
        reportCount();
        progressed(abort.sequence());
        return true;
    }

    /// Tells the request what its engine says, if it still runs here.
    void tell(Engine.Event event) {
        var sequence = running.get(event.sequence());
        if (sequence == null || sequence.epoch() != event.epoch()) {
            return; // Of one that was aborted meanwhile.
        }
        switch (event) {
            case Engine.Finished _,
                    Engine.HandedBack _,
                    Engine.Expired _,
                    Engine.Failed _,
                    Engine.Rejected _ -> {
                running.remove(event.sequence());
                reportCount();
                progressed(event.sequence());
                reportTo.tell(new LinkNotice.Ended(link, event));
            }
            case Engine.TokensSampled _ -> progressed(event.sequence());
            case Engine.Accepted _ -> {}
        }
        sequence.replyTo().tell(event);
    }

    private void reportCount() {
        reportTo.tell(new LinkNotice.Counted(link, running.size(), submitted));
    }

    private void progressed(SequenceId sequence) {
        if (!watched.isEmpty() && watched.remove(sequence.request())) {
            reportTo.tell(new LinkNotice.Progressed(link, sequence.request()));
        }
    }
}
