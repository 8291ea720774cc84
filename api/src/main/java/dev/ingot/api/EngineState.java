package dev.ingot.api;

import dev.ingot.scheduler.EngineStatus;
import java.util.concurrent.CompletableFuture;

/// The engine's last status, for probes and routes, and its first verdict, for whoever waits for the start.
///
/// Written by the engine's guardian alone; read from any thread.
final class EngineState {
    private final CompletableFuture<EngineStatus> decided = new CompletableFuture<>();

    private volatile EngineStatus last =
            new EngineStatus(EngineStatus.State.STARTING, "the node is starting", 0, null);

    void publish(EngineStatus status) {
        last = status;
        switch (status.state()) {
            case READY, FAILED -> decided.complete(status);
            case STARTING, UNRESPONSIVE, RESTARTING, DRAINING -> {}
        }
    }

    EngineStatus now() {
        return last;
    }

    /// Completes when the engine is ready for the first time, or will never be.
    CompletableFuture<EngineStatus> decided() {
        return decided;
    }
}
