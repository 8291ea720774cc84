package dev.ingot.api.cluster;

import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/// Passes on which engine nodes the cluster knows.
///
/// All of them, also those that it cannot reach at the moment: whether a node can be reached is for its link to find out, which
/// does so sooner.
final class GatesActor {
    private GatesActor() {}

    static Behavior<Receptionist.Listing> create(ActorRef<RouterActor.Message> router) {
        return Behaviors.receiveMessage(listing -> {
            router.tell(new RouterActor.Gates(listing.getAllServiceInstances(Link.GATES)));
            return Behaviors.same();
        });
    }
}
