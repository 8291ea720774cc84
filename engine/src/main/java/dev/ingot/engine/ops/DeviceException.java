package dev.ingot.engine.ops;

/// The device could not do what was asked of it.
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /// What went wrong, and so what can still be saved.
    public enum Kind {
        /// Not enough memory for an allocation or a step.
        OUT_OF_MEMORY,
        /// The work was killed for taking too long.
        TIMEOUT,
        /// A kernel touched memory that is not its own.
        PAGE_FAULT,
        /// The device is gone or refuses further work.
        DEVICE_LOST,
        /// The device is missing something it needs to run at all: a compiler, an instruction set, a driver.
        UNAVAILABLE,
        /// Anything else that the device reports.
        INTERNAL
    }

    public DeviceException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    public DeviceException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
