package dev.ingot.api.console;

import dev.ingot.engine.weights.CheckpointException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// A command of the command line: where it writes, and how it refuses what it was given.
///
/// A refusal prints the message and the command's usage, and the process exits with 2.
public abstract class ConsoleCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create(); // Replaced when the line is parsed.

    /// Where results go.
    protected final PrintWriter out() {
        return commandLine().getOut();
    }

    /// Where progress and errors go.
    protected final PrintWriter err() {
        return commandLine().getErr();
    }

    /// Refuses the command line unless a condition holds.
    ///
    /// @param message names the option, what it was, and what was expected
    /// @throws ParameterException if it does not hold
    protected final void check(boolean valid, String message) {
        if (!valid) {
            throw wrong(message);
        }
    }

    /// A refusal of the command line, to be thrown.
    protected final ParameterException wrong(String message) {
        return new ParameterException(commandLine(), message);
    }

    /// A refusal of the command line in the words of what refused it, to be thrown.
    protected final ParameterException wrong(RuntimeException cause) {
        return new ParameterException(commandLine(), String.valueOf(cause.getMessage()), cause);
    }

    /// What was asked for, or a refusal of the command line in the words of what refused it.
    ///
    /// @throws ParameterException if that throws an [IllegalArgumentException] or a [CheckpointException]
    protected final <T> T valid(Supplier<T> settings) {
        try {
            return settings.get();
        } catch (IllegalArgumentException | CheckpointException e) {
            throw wrong(e);
        }
    }

    /// As [#valid], where nothing comes of it.
    ///
    /// @throws ParameterException as there
    protected final void requireValid(Runnable check) {
        boolean _ =
                valid(() -> {
                    check.run();
                    return true;
                });
    }

    private CommandLine commandLine() {
        return spec.commandLine();
    }
}
