package dev.ingot.scheduler;

import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.worker.Worker;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;

/// What a guardian makes an engine of, each time anew.
@FunctionalInterface
public interface EngineParts {
    /// A worker that loads the model and reports how that went.
    Behavior<Worker.Command> worker(ActorRef<Worker.Report> reportTo);

    /// The bookkeeping of an empty pool.
    default KvAllocator blocks(KvGeometry kv, boolean prefixCaching) {
        return new KvAllocator(kv.blockSize(), kv.blockCount(), prefixCaching, kv.groups());
    }
}
