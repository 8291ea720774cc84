package dev.ingot.api.bench;

import dev.ingot.kernels.cpu.CpuCalibration.Limits;
import java.util.Optional;
import java.util.OptionalDouble;

/// One measurement of a test.
///
/// @param seconds that the test took
/// @param limits measured just before; empty where nothing measures them
/// @param foreignCores cores that other programs kept busy meanwhile, where the system tells
record BenchRun(
        BenchTest test, double seconds, Optional<Limits> limits, OptionalDouble foreignCores) {
    double tokensPerSecond() {
        return test.totalTokens() / seconds;
    }

    /// Bytes of weights read in a second, in 10⁹.
    double weightGigabytes(ModelCost cost) {
        return cost.weightBytes(test) / seconds / 1e9;
    }

    double gigaflops(ModelCost cost) {
        return cost.flops(test) / seconds / 1e9;
    }

    /// The least time that the limits allow, as a fraction of the time that was taken.
    OptionalDouble fractionOfLimit(ModelCost cost) {
        return limits.isPresent()
                ? OptionalDouble.of(cost.leastSeconds(test, limits.get()) / seconds)
                : OptionalDouble.empty();
    }
}
