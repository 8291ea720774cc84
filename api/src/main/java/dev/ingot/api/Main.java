package dev.ingot.api;

import dev.ingot.api.bench.BenchCommand;
import dev.ingot.api.bench.LoadCommand;
import dev.ingot.api.bench.PerplexityCommand;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The command line.
@Command(
        name = "ingot",
        description = "Serves large language models on this machine.",
        subcommands = {
            ServeCommand.class,
            BenchCommand.class,
            LoadCommand.class,
            PerplexityCommand.class,
            PullCommand.class,
            DoctorCommand.class,
            ClusterCommand.class,
            WarmUpCommand.class,
            CommandLine.HelpCommand.class
        },
        mixinStandardHelpOptions = true,
        version = "ingot " + Main.VERSION,
        footer = {
            "",
            "The launcher adds 'ingot build' (build only) and 'ingot test' (run every test).",
            "Environment: INGOT_JAVA_HOME, INGOT_JAVA_OPTS, INGOT_LOG_LEVEL (default INFO)."
        })
public final class Main {
    /// Of this build.
    static final String VERSION = "0.1.0";

    private Main() {}

    /// Exits with 0 after a stop that was asked for, 1 when serving failed, 2 when the command line is wrong.
    public static void main(String[] arguments) {
        // Before any other thread logs: what is logged while the logging starts is complained
        // about.
        LoggerFactory.getILoggerFactory();
        int status = 1;
        try {
            status = commandLine().execute(arguments);
        } catch (Error broken) {
            // Of what has been started until now, threads would keep a process alive that serves
            // nobody.
            LoggerFactory.getLogger(Main.class).error("Cannot go on", broken);
        }
        System.exit(status);
    }

    /// Of a flag of vLLM's that is none here: what to do instead.
    private static String messageOf(CommandLine.ParameterException wrong) {
        var unknown =
                wrong instanceof CommandLine.UnmatchedArgumentException unmatched
                        ? unmatched.getUnmatched().getFirst()
                        : "";
        return VllmFlags.instead(unknown).orElse(String.valueOf(wrong.getMessage()));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler((wrong, _) -> {
                    var command = wrong.getCommandLine();
                    command.getErr().println("ingot: " + messageOf(wrong));
                    command.getErr()
                            .println(
                                    "See ./"
                                            + command.getCommandSpec().qualifiedName()
                                            + " --help");
                    return command.getCommandSpec().exitCodeOnInvalidInput();
                });
    }
}
