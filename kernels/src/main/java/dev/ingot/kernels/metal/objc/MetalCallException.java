package dev.ingot.kernels.metal.objc;

/// A Metal call returned nothing and an `NSError`.
public final class MetalCallException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient NsError error;

    MetalCallException(String call, NsError error) {
        super(call + ": " + error);
        this.error = error;
    }

    /// What Metal said.
    public NsError error() {
        return error;
    }
}
