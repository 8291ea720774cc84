package dev.ingot.scheduler;

import dev.ingot.scheduler.Engine.Event;
import dev.ingot.scheduler.Engine.Finished;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/// What came of a step: told once the next one is on its way.
final class Deliveries {
    private final List<Delivery> all;

    /// @param count of events, about
    Deliveries(int count) {
        all = new ArrayList<>(count);
    }

    private record Delivery(ActorRef<Event> to, Event event) {
        FaultPoint faultPoint() {
            return event instanceof Finished
                    ? FaultPoint.SCHEDULER_BEFORE_LAST_WORD
                    : FaultPoint.SCHEDULER_BEFORE_DELIVERY;
        }
    }

    void add(Admitted entry, Event event) {
        all.add(new Delivery(entry.replyTo(), event));
    }

    /// Tells all, in the order in which they were added.
    void tell() {
        for (var delivery : all) {
            assert delivery.faultPoint().passed();
            delivery.to().tell(delivery.event());
        }
    }
}
