package dev.ingot.api;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The command line.
@Command(
        name = "ingot",
        description = "Serves large language models on this machine.",
        subcommands = {ServeCommand.class, WarmUpCommand.class, CommandLine.HelpCommand.class},
        mixinStandardHelpOptions = true,
        version = "ingot 0.1.0",
        footer = {
            "",
            "The launcher adds: 'ingot build' (build only) and 'ingot test' (run every test).",
            "Environment: INGOT_LOG_LEVEL (INFO), INGOT_JAVA_OPTS, INGOT_JAVA_HOME."
        })
public final class Main {
    private Main() {}

    /// Exits with 0 after a stop that was asked for, 1 when serving failed, 2 when the command line is wrong.
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main());
    }
}
