package dev.ingot.api.http;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.Props;

/// The threads that carry what clients wait for: HTTP and its streams, requests, links between nodes, answers of health, aborts.
///
/// Nothing that runs on them may wait for anything. Tokenizing, names, keys, files and the log have other threads, and what Pekko
/// or a library starts without being asked runs on Pekko's default dispatcher, or on Java's common pool: they may be
/// blocked for as long as they like. So an actor is spawned here, or on the threads of its parent, and nothing is left to
/// a default.
public final class RequestThreads {
    /// Their name in Pekko's configuration.
    public static final String DISPATCHER = "ingot.request-dispatcher";

    private RequestThreads() {}

    /// For a root, and for an actor without a parent of ours; all others say `DispatcherSelector.sameAsParent()`.
    public static Props props() {
        return DispatcherSelector.fromConfig(DISPATCHER);
    }

    /// To run something on them.
    public static Executor of(ActorSystem<?> system) {
        return system.dispatchers().lookup(DispatcherSelector.fromConfig(DISPATCHER));
    }

    /// Runs `then`, which tells others and no more, when a stream has ended, on the thread that ended it: Scala's stages
    /// would go by Java's common pool.
    public static void whenEnded(CompletionStage<Done> ended, Runnable then) {
        ended.whenCompleteAsync((_, _) -> then.run(), Runnable::run);
    }
}
