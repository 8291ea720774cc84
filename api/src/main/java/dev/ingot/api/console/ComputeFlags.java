package dev.ingot.api.console;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The flags that say what computes, of every command that runs a model.
public final class ComputeFlags {
    @Option(names = "--device", description = "auto, cpu or metal (default: auto).")
    private @Nullable String device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that compute on the CPU (default: one per core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    /// The device as it was asked for; empty if it was not.
    public Optional<String> device() {
        return Optional.ofNullable(device);
    }

    /// How many threads compute where the device is the CPU.
    ///
    /// @throws IllegalArgumentException naming the flag and what was expected
    public int threads() {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("--threads is " + threads + ", expected 1 to 1024");
        }
        return threads;
    }
}
