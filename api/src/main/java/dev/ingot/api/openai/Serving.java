package dev.ingot.api.openai;

import dev.ingot.scheduler.EngineStatus;
import dev.ingot.scheduler.Requests;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;

/// A model and whoever opens requests for it.
///
/// @param status whether it can be served at this moment
public record Serving(
        ServedModel model, Supplier<EngineStatus> status, ActorRef<Requests.Command> requests) {}
