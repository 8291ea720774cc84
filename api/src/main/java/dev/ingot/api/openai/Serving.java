package dev.ingot.api.openai;

import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Requests;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;

/// A model and whoever opens requests for it.
///
/// @param status whether it can be served at this moment
/// @param turnAway why one more request would be refused at this moment, asked before one is prepared; empty where it has
///     a chance
public record Serving(
        ServedModel model,
        Supplier<EngineStatus> status,
        Supplier<Optional<Requests.Refused>> turnAway,
        ActorRef<Requests.Command> requests) {}
