package dev.ingot.engine.sequence;

/// Who asks, and how urgently: what decides whose turn it is.
///
/// @param tenant shares the engine fairly with other tenants of the same class; empty for those without a name
public record Caller(PriorityClass priority, String tenant) {
    /// Who says nothing about itself.
    public static final Caller ANYONE = new Caller(PriorityClass.NORMAL, "");
}
