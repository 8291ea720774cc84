package dev.ingot.it.sim;

/// Thrown in an actor that a simulation wants to fail.
final class InjectedFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InjectedFault(String where) {
        super("injected: " + where, null, false, false);
    }
}
