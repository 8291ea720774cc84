package dev.ingot.api.openai.wire;

/// What every chunk of an answer begins with.
///
/// @param created in seconds since 1970
public record Head(String id, long created, String model) {}
