package dev.ingot.engine.sampling;

/// No token can be chosen from this row of logits. It fails this one sequence; the other rows of the step are sound.
///
/// Checked, because whoever samples a batch must decide what becomes of the others.
public final class InvalidLogitsException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /// Whose doing it is.
    public enum Reason {
        /// The model gave NaN, +∞ or nothing but −∞: what it computed for this sequence, its K and V included, is not to
        /// be trusted.
        BROKEN_ROW,
        /// The row was sound, but the request's biases and penalties overflowed, or left no token.
        NOTHING_LEFT
    }

    InvalidLogitsException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /// Whose doing it is.
    public Reason reason() {
        return reason;
    }
}
