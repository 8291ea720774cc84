package dev.ingot.engine.weights;

import java.nio.file.Path;

/// A checkpoint that cannot be served: a file is missing, damaged, or asks for something unsupported.
///
/// The message is for whoever starts the engine: it names the file, the tensor or field, what was
/// expected and what was found.
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param file the file or folder that is to blame
    public CheckpointException(Path file, String problem) {
        super(file + ": " + problem);
    }

    /// @param file the file or folder that is to blame
    public CheckpointException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
