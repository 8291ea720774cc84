package dev.ingot.api.builtin;

import java.nio.file.Path;

/// The model that ships with the repository.
public final class BuiltInModel {
    private BuiltInModel() {}

    /// Its folder, below the home that the launcher passes as the system property `ingot.home` (default: the
    /// working directory).
    public static Path folder() {
        return Path.of(System.getProperty("ingot.home", ""), "models", "ingot-small");
    }

    /// Documents like those that it was trained on, and none of them: a JSON string a line.
    public static Path heldOutText() {
        return Path.of(System.getProperty("ingot.home", ""), "models", "held-out.jsonl");
    }
}
