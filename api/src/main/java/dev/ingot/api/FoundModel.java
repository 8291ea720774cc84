package dev.ingot.api;

import dev.ingot.api.hub.HubException;
import dev.ingot.api.hub.Repository;
import dev.ingot.engine.files.ModelFiles;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the argument MODEL stands for.
///
/// @param path absolute; a folder or a GGUF file
/// @param name what requests call it where nobody says otherwise
record FoundModel(Path path, String name) {
    /// A model of the Hub that could not be had; the message is for people.
    static final class NotObtained extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotObtained(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /// What is on disk counts before what is on the Hub.
    ///
    /// @throws dev.ingot.engine.weights.CheckpointException if there is no model at the path
    /// @throws NotObtained if it is a model of the Hub and cannot be downloaded
    static FoundModel of(String argument) {
        var path = Path.of(argument);
        var repository = Repository.parse(argument);
        if (Files.exists(path) || repository.isEmpty()) {
            return at(path);
        }
        try {
            var model = PullCommand.downloads().obtain(repository.get());
            model.note().ifPresent(note -> System.err.println("ingot: " + note));
            return new FoundModel(model.path(), argument);
        } catch (HubException e) {
            throw new NotObtained(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotObtained("the download was interrupted", e);
        }
    }

    static FoundModel at(Path path) {
        var absolute = path.toAbsolutePath().normalize();
        return new FoundModel(absolute, ModelFiles.at(absolute).name());
    }
}
