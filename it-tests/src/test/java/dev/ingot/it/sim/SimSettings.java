package dev.ingot.it.sim;

import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.scheduler.EngineSettings;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/// The engine that a seed runs: small, so that everything is short of something.
///
/// @param requests how many clients come
/// @param groups of layers, and how far they see
/// @param hashesCollide whether the prefix cache's hash says next to nothing
/// @param slips whether time may pass while there is something to do, as on a busy machine
/// @param crowd whether many come at once, and who
record SimSettings(
        int requests,
        int blockSize,
        int blockCount,
        int maxModelLength,
        int maxSequences,
        int maxStepTokens,
        int maxWaiting,
        boolean prefixCaching,
        KvGroups groups,
        boolean hashesCollide,
        boolean slips,
        Crowd crowd,
        SchedulingPolicy policy) {
    /// Who comes.
    enum Crowd {
        /// All kinds of clients, one after the other.
        NONE,
        /// Two tenants with more than the engine can do, one with long answers, the other with short ones.
        OF_TENANTS,
        /// Every class with more than the engine can do.
        OF_CLASSES
    }

    SimSettings(
            int requests,
            int blockSize,
            int blockCount,
            int maxModelLength,
            int maxSequences,
            int maxStepTokens,
            int maxWaiting,
            boolean prefixCaching) {
        this(
                requests,
                blockSize,
                blockCount,
                maxModelLength,
                maxSequences,
                maxStepTokens,
                maxWaiting,
                prefixCaching,
                KvGroups.ONE,
                false,
                false,
                Crowd.NONE,
                SchedulingPolicy.DEFAULT);
    }

    /// Every sixteenth seed is a crowd, whose shares are looked at.
    static SimSettings random(long seed, int requests) {
        if (seed % 16 == 0) {
            return crowd(seed, seed % 32 == 0 ? Crowd.OF_TENANTS : Crowd.OF_CLASSES);
        }
        var random = new Random(SimDevice.mix(seed ^ 0x5E77));
        int blockSize = 1 + random.nextInt(6);
        int maxModelLength = 40 + random.nextInt(60);
        int oneSequence = Math.ceilDiv(maxModelLength, blockSize);
        int maxSequences = 1 + random.nextInt(8);
        int runs = oneSequence + random.nextInt(3 * oneSequence);
        int maxStepTokens = maxSequences + random.nextInt(40);
        int maxWaiting = random.nextInt(8) == 0 ? 1 + random.nextInt(4) : 1000;
        boolean prefixCaching = random.nextInt(4) != 0;
        var groups = groups(seed, random.nextInt(4) == 0 ? 2 + random.nextInt(20) : 0);
        return new SimSettings(
                requests,
                blockSize,
                blockCount(groups, maxModelLength, blockSize, maxStepTokens, runs - oneSequence),
                maxModelLength,
                maxSequences,
                maxStepTokens,
                maxWaiting,
                prefixCaching,
                groups,
                random.nextInt(8) == 0,
                random.nextInt(4) == 0,
                Crowd.NONE,
                policy(random));
    }

    /// Room for one sequence, and some more.
    private static int blockCount(
            KvGroups groups, int length, int blockSize, int maxStepTokens, int more) {
        return (int) groups.most(length, blockSize, maxStepTokens) + more;
    }

    /// Half of the models with a window have layers without one, too, and some layers with a narrower one.
    private static KvGroups groups(long seed, int window) {
        if (window == 0 || (seed & 1) == 0) {
            return KvGroups.of(window);
        }
        return new KvGroups(
                (seed & 2) == 0 ? List.of(0, window) : List.of(0, window, 1 + window / 2));
    }

    /// With room for two or three at a time, who need not give way to each other.
    static SimSettings crowd(long seed, Crowd crowd) {
        var random = new Random(SimDevice.mix(seed ^ 0xC0D));
        int blockSize = 1 + random.nextInt(6);
        int maxSequences = 2 + random.nextInt(2);
        boolean tenants = crowd == Crowd.OF_TENANTS;
        int length = tenants ? 56 : 26;
        return new SimSettings(
                tenants ? 120 : 180,
                blockSize,
                Math.ceilDiv((maxSequences + 1) * length, blockSize) + 4,
                length,
                maxSequences,
                maxSequences + random.nextInt(40),
                1000,
                random.nextInt(4) != 0,
                KvGroups.ONE,
                false,
                random.nextInt(4) == 0,
                crowd,
                new SchedulingPolicy(
                        1 << 20,
                        Duration.ZERO,
                        0.1 + 0.3 * random.nextDouble(),
                        0.1 + 0.3 * random.nextDouble(),
                        1000,
                        1.05 + random.nextDouble()));
    }

    private static SchedulingPolicy policy(Random random) {
        return new SchedulingPolicy(
                random.nextInt(8) == 0 ? 60 + random.nextInt(200) : 1 << 20,
                random.nextInt(5) == 0
                        ? Duration.ofMillis(200 + random.nextInt(2000))
                        : Duration.ZERO,
                0.5 * random.nextDouble(),
                0.5 * random.nextDouble(),
                1 + random.nextInt(40),
                1.05 + random.nextDouble(),
                2.5,
                random.nextBoolean() ? 0.3 * random.nextDouble() : 0);
    }

    /// The same engine with a prefix cache whose hash says next to nothing.
    SimSettings withCollidingHashes() {
        return new SimSettings(
                requests,
                blockSize,
                blockCount,
                maxModelLength,
                maxSequences,
                maxStepTokens,
                maxWaiting,
                prefixCaching,
                groups,
                true,
                slips,
                crowd,
                policy);
    }

    /// Whether some of the clients have no time.
    boolean hasDeadlines() {
        return crowd == Crowd.NONE && !policy.equals(SchedulingPolicy.DEFAULT);
    }

    int positions() {
        return blockSize * blockCount;
    }

    EngineSettings engine() {
        return new EngineSettings(
                "sim", maxSequences, maxStepTokens, maxWaiting, prefixCaching, policy);
    }
}
