package dev.ingot.it.sim;

import dev.ingot.scheduler.EngineSettings;
import java.util.Random;

/// The engine that a seed runs: small, so that everything is short of something.
///
/// @param requests how many clients come
record SimSettings(
        int requests,
        int blockSize,
        int blockCount,
        int maxModelLength,
        int maxSequences,
        int maxStepTokens,
        int maxWaiting,
        boolean prefixCaching) {
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
                random.nextInt(4) != 0);
    }

    int positions() {
        return blockSize * blockCount;
    }

    EngineSettings engine() {
        return new EngineSettings("sim", maxSequences, maxStepTokens, maxWaiting, prefixCaching);
    }
}
