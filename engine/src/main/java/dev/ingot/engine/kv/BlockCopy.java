package dev.ingot.engine.kv;

/// A block whose contents another one is to have before a step begins.
///
/// @param source stays as it is
/// @param target has no other writer and no reader yet
public record BlockCopy(int source, int target) {}
