package dev.ingot.engine.weights;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Test data beside the project; a test is skipped where it is absent.
public final class SharedData {
    private SharedData() {}

    public static Path path(String name) {
        @Nullable Path folder = Path.of("").toAbsolutePath();
        while (folder != null) {
            Path found = folder.resolve("shared/data").resolve(name);
            if (Files.exists(found)) {
                return found;
            }
            folder = folder.getParent();
        }
        assumeTrue(false, "no shared/data/" + name + " beside the project");
        throw new AssertionError();
    }
}
