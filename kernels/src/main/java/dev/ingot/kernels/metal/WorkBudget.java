package dev.ingot.kernels.metal;

/// How long ops are expected to take, and so where a step is cut into command buffers.
///
/// macOS ends a command buffer that keeps the GPU from drawing the screen; what it is given at once is
/// kept short. An op states the memory that it touches and the arithmetic that it does; the estimate is
/// what a small GPU needs for both, times a factor learnt from the GPU's own times. Written and read
/// under its lock: the times come in on a thread of Metal's.
final class WorkBudget {
    /// What one command buffer may take: well below the second or so that a display is patient for.
    static final long AIM_NANOS = 250_000_000L;

    /// The first guess, before anything has run: about an M1.
    private static final double BYTES_PER_NANO = 50;

    private static final double OPERATIONS_PER_NANO = 1000;

    /// What a dispatch costs even if it does nothing.
    private static final double OP_NANOS = 5_000;

    /// A short buffer is mostly waiting, and says little about the rate.
    private static final double LEAST_NANOS_TO_LEARN_FROM = 1_000_000;

    private final long aimNanos;
    private double factor = 1;

    WorkBudget() {
        this(AIM_NANOS);
    }

    /// @param aimNanos what one command buffer may take
    WorkBudget(long aimNanos) {
        this.aimNanos = aimNanos;
    }

    /// Time that an op would take on the GPU of the first guess.
    ///
    /// @param bytes of memory that it reads and writes
    /// @param operations of arithmetic; two for a multiplication with an addition
    static double nominalNanos(long bytes, long operations) {
        return OP_NANOS + bytes / BYTES_PER_NANO + operations / OPERATIONS_PER_NANO;
    }

    /// Whether so much may go into one command buffer.
    synchronized boolean fits(double nominalNanos) {
        return nominalNanos * factor <= aimNanos;
    }

    /// Into how many ops one is to be divided so that each may have a command buffer of its own.
    synchronized long parts(double nominalNanos) {
        return Math.max(1, (long) Math.ceil(nominalNanos * factor / aimNanos));
    }

    /// Learns from a command buffer that ran: at once where it was slower than expected, slowly where
    /// it was faster.
    ///
    /// @param measuredNanos of the GPU
    synchronized void learn(double nominalNanos, double measuredNanos) {
        if (measuredNanos < LEAST_NANOS_TO_LEARN_FROM || nominalNanos <= 0) {
            return;
        }
        double seen = measuredNanos / nominalNanos;
        factor = seen > factor ? seen : factor + (seen - factor) / 8;
    }

    /// How much slower than the first guess this GPU is.
    synchronized double factor() {
        return factor;
    }
}
