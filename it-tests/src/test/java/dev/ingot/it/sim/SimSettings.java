package dev.ingot.it.sim;

import dev.ingot.engine.schedule.SchedulingPolicy;
import dev.ingot.scheduler.EngineSettings;
import java.time.Duration;
import java.util.Random;

/// The engine that a seed runs: small, so that everything is short of something.
///
/// @param requests how many clients come
/// @param window positions that a token attends to; 0 for all
record SimSettings(
        int requests,
        int blockSize,
        int blockCount,
        int maxModelLength,
        int maxSequences,
        int maxStepTokens,
        int maxWaiting,
        boolean prefixCaching,
        int window,
        SchedulingPolicy policy) {
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
                0,
                SchedulingPolicy.DEFAULT);
    }

    static SimSettings random(long seed, int requests) {
        var random = new Random(SimDevice.mix(seed ^ 0x5E77));
        int blockSize = 1 + random.nextInt(6);
        int maxModelLength = 40 + random.nextInt(60);
        int oneSequence = Math.ceilDiv(maxModelLength, blockSize);
        int maxSequences = 1 + random.nextInt(8);
        return new SimSettings(
                requests,
                blockSize,
                oneSequence + random.nextInt(3 * oneSequence),
                maxModelLength,
                maxSequences,
                maxSequences + random.nextInt(40),
                random.nextInt(8) == 0 ? 1 + random.nextInt(4) : 1000,
                random.nextInt(4) != 0,
                random.nextInt(4) == 0 ? 2 + random.nextInt(20) : 0,
                policy(random));
    }

    private static SchedulingPolicy policy(Random random) {
        return new SchedulingPolicy(
                random.nextInt(8) == 0 ? 60 + random.nextInt(200) : 1 << 20,
                random.nextInt(8) == 0
                        ? Duration.ofMillis(500 + random.nextInt(3000))
                        : Duration.ZERO,
                0.5 * random.nextDouble(),
                0.5 * random.nextDouble(),
                1 + random.nextInt(40),
                1.05 + random.nextDouble());
    }

    /// Whether some of the clients have no time.
    boolean hasDeadlines() {
        return !policy.equals(SchedulingPolicy.DEFAULT);
    }

    int positions() {
        return blockSize * blockCount;
    }

    EngineSettings engine() {
        return new EngineSettings(
                "sim", maxSequences, maxStepTokens, maxWaiting, prefixCaching, policy);
    }
}
