package dev.ingot.it;

import dev.ingot.api.console.ConsoleCommand;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `ingot check-streams`: any number of workloads, each scheduled in every way ([StreamInvariance]).
@Command(
        name = "ingot check-streams",
        description = {
            "Compare streams, token by token, with what each of them is alone: among 32, with prefix"
                    + " hits, preempted, and across a restart of the worker.",
            "Ends with status 1 if a stream differs."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class CheckStreamsMain extends ConsoleCommand {
    @Option(
            names = "--workloads",
            paramLabel = "N",
            defaultValue = "200",
            description = "of " + StreamInvariance.STREAMS + " streams; default ${DEFAULT-VALUE}")
    private int workloads;

    @Option(
            names = "--first",
            paramLabel = "SEED",
            defaultValue = "1",
            description = "of the first workload; default ${DEFAULT-VALUE}")
    private long first;

    /// Exits with 0 if all streams were equal, 1 if one was not, 2 when the command line is wrong.
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new CheckStreamsMain()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        int together = StreamInvariance.TOGETHER;
        check(
                workloads >= together && workloads % together == 0,
                "--workloads is " + workloads + ", expected a multiple of " + together);
        long start = System.nanoTime();
        try (var check = new StreamInvariance()) {
            for (long seed = first; seed < first + workloads; seed += together) {
                var differences = check.run(seed);
                if (!differences.isEmpty()) {
                    differences.forEach(System.out::println);
                    return 1;
                }
                System.out.printf(Locale.ROOT, "%d of %d%n", seed - first + together, workloads);
            }
            System.out.printf(
                    Locale.ROOT,
                    "%d workloads of %d streams: every token equal; %s; %.0f s%n",
                    workloads,
                    StreamInvariance.STREAMS,
                    check.describe(),
                    (System.nanoTime() - start) * 1e-9);
        }
        return 0;
    }
}
