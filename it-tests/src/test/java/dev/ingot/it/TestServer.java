package dev.ingot.it;

import dev.ingot.api.ChatSettings;
import dev.ingot.api.Node;
import dev.ingot.api.ServeSettings;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// A whole node in this JVM, serving the built-in model on a free port.
final class TestServer extends TestClient {
    private final Node node;

    private TestServer(Node node) {
        this.node = node;
    }

    static Path modelFolder() {
        return Path.of("..", "models", MODEL).toAbsolutePath().normalize();
    }

    static TestServer start() {
        return start(64, 1024, OptionalInt.empty());
    }

    /// @param kvBlocks blocks of 16 positions; empty for the default
    static TestServer start(int maxSequences, int maxWaiting, OptionalInt kvBlocks) {
        return start(maxSequences, maxWaiting, kvBlocks, ServeSettings.DEFAULT_GRACE);
    }

    /// With a KV cache that is too small for what it is asked.
    static TestServer startTight(int maxSequences, int kvPositions, int blockSize) {
        return start(
                "cpu",
                Numerics.EXACT,
                maxSequences,
                1024,
                OptionalInt.of(kvPositions / blockSize),
                blockSize,
                ServeSettings.DEFAULT_GRACE,
                ChatSettings.OF_THE_MODEL);
    }

    /// Spoken with as somebody knows better than the model's files.
    static TestServer start(ChatSettings chat) {
        return start(
                "cpu",
                Numerics.EXACT,
                8,
                64,
                OptionalInt.of(128),
                WorkerSettings.DEFAULT_BLOCK_SIZE,
                ServeSettings.DEFAULT_GRACE,
                chat);
    }

    /// On a device by name, with room for eight short sequences.
    static TestServer startOn(String device) {
        return startOn(device, Numerics.EXACT);
    }

    /// On a device by name, with room for eight short sequences.
    static TestServer startOn(String device, Numerics numerics) {
        return start(device, numerics, 8, 64, OptionalInt.of(128), ServeSettings.DEFAULT_GRACE);
    }

    /// @param grace how long streams may run on once the server is closed
    static TestServer start(
            int maxSequences, int maxWaiting, OptionalInt kvBlocks, Duration grace) {
        return start("cpu", Numerics.EXACT, maxSequences, maxWaiting, kvBlocks, grace);
    }

    private static TestServer start(
            String device,
            Numerics numerics,
            int maxSequences,
            int maxWaiting,
            OptionalInt kvBlocks,
            Duration grace) {
        return start(
                device,
                numerics,
                maxSequences,
                maxWaiting,
                kvBlocks,
                WorkerSettings.DEFAULT_BLOCK_SIZE,
                grace,
                ChatSettings.OF_THE_MODEL);
    }

    private static TestServer start(
            String device,
            Numerics numerics,
            int maxSequences,
            int maxWaiting,
            OptionalInt kvBlocks,
            int blockSize,
            Duration grace,
            ChatSettings chat) {
        var defaults = WorkerSettings.defaults(modelFolder());
        // 8 layers, K and V of 2 heads of 64 in F16.
        var kvBytes =
                kvBlocks.isPresent()
                        ? OptionalLong.of(
                                (long) kvBlocks.getAsInt() * blockSize * KV_BYTES_PER_POSITION)
                        : OptionalLong.empty();
        var worker =
                new WorkerSettings(
                        defaults.model(),
                        device,
                        2,
                        kvBlocks.isPresent()
                                ? OptionalInt.of(Math.min(512, blockSize * kvBlocks.getAsInt()))
                                : OptionalInt.empty(),
                        maxSequences,
                        Math.max(maxSequences, defaults.maxStepTokens()),
                        blockSize,
                        kvBytes,
                        OptionalDouble.empty(),
                        defaults.kvCacheType(),
                        defaults.weightLoading(),
                        numerics);
        var settings =
                new ServeSettings(
                        "127.0.0.1",
                        0,
                        List.of(MODEL),
                        worker,
                        maxWaiting,
                        true,
                        SchedulingPolicy.DEFAULT,
                        grace,
                        OptionalLong.of(1),
                        chat);
        try {
            return new TestServer(Node.start(settings));
        } catch (Node.StartException e) {
            throw new IllegalStateException(e);
        }
    }

    Node node() {
        return node;
    }

    @Override
    String url() {
        return node.url();
    }

    @Override
    public void close() {
        super.close();
        node.close();
    }

    private static final long KV_BYTES_PER_POSITION = kvBytesPerPosition();

    private static long kvBytesPerPosition() {
        var config = dev.ingot.engine.model.HfConfig.read(modelFolder());
        return 2L * config.layers() * config.kvHeads() * config.headDim() * 2;
    }
}
