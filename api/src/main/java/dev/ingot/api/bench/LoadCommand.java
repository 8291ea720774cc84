package dev.ingot.api.bench;

import dev.ingot.api.bench.LoadSettings.Range;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `ingot load`: what clients of a server feel while many of them ask at once.
@Command(
        name = "load",
        description = "Measure an OpenAI-compatible server under load.",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Prompts are random and differ between levels, but not in length. TTFT is the time to the first token,",
            "ITL the time between two events of a stream, TPOT the time per output token after the first.",
            "With --slow-readers, every level runs without and then with them, and the ratio is printed.",
            "'off device' is the share of the steps' time in which the device did not compute (Ingot's metrics)."
        })
public final class LoadCommand implements Callable<Integer> {
    @Option(
            names = "--url",
            required = true,
            paramLabel = "URL",
            description = "The server, such as http://localhost:8000.")
    private URI server = URI.create("http://localhost:8000");

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "What requests ask for (default: the first that the server names).")
    private @Nullable String model;

    @Option(
            names = "--concurrency",
            split = ",",
            paramLabel = "N",
            description = "Clients at once; several with commas between (default: 1,4,8,16).")
    private List<Integer> concurrency = List.of(1, 4, 8, 16);

    @Option(
            names = "--requests",
            paramLabel = "N",
            description = "Requests of a level (default: two for each client, at least 6).")
    private @Nullable Integer requests;

    @Option(
            names = "--prompt-tokens",
            paramLabel = "RANGE",
            description = "Length of prompts (default: ${DEFAULT-VALUE}).")
    private String promptTokens = "64-256";

    @Option(
            names = "--output-tokens",
            paramLabel = "N",
            description = "Length of answers (default: ${DEFAULT-VALUE}).")
    private int outputTokens = 64;

    @Option(
            names = "--shared-prefix",
            paramLabel = "TOKENS",
            description =
                    "What all prompts begin with, before their own (default: ${DEFAULT-VALUE}).")
    private int sharedPrefix;

    @Option(names = "--text", description = "Send words instead of token ids.")
    private boolean asText;

    @Option(names = "--seed", description = "Of the prompts (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            description = "Rounds over all levels (default: ${DEFAULT-VALUE}).")
    private int repeat = 1;

    @Option(
            names = "--slow-readers",
            paramLabel = "N",
            description = "Clients beside the others that read slowly (default: ${DEFAULT-VALUE}).")
    private int slowReaders;

    @Option(
            names = "--slow-tokens-per-second",
            paramLabel = "RATE",
            description = "How slowly (default: ${DEFAULT-VALUE}).")
    private double slowRate = 1;

    @Option(
            names = "--slow-output-tokens",
            paramLabel = "N",
            description = "How long the answers are that they read (default: ${DEFAULT-VALUE}).")
    private int slowOutputTokens = 1024;

    @Option(
            names = "--server-pid",
            paramLabel = "PID",
            description = "The server's process on this machine, to watch its memory and CPU time.")
    private @Nullable Long serverPid;

    @Option(names = "--csv", paramLabel = "FILE", description = "Write every level there.")
    private @Nullable Path csv;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        check(repeat >= 1, "--repeat is " + repeat + ", expected at least 1");
        check(outputTokens >= 1, "--output-tokens is " + outputTokens + ", expected at least 1");
        check(sharedPrefix >= 0, "--shared-prefix is " + sharedPrefix + ", expected at least 0");
        check(slowRate > 0, "--slow-tokens-per-second is " + slowRate + ", expected more than 0");
        check(
                requests == null || requests >= 1,
                "--requests is " + requests + ", expected at least 1");
        check(
                concurrency.stream().allMatch(c -> c >= 1),
                "--concurrency is " + concurrency + ", expected numbers of at least 1");
        var range = range();
        try {
            var name = model != null ? model : CompletionClient.firstModel(server);
            return measure(
                    new LoadSettings(
                            server, name, range, outputTokens, sharedPrefix, asText, seed));
        } catch (IOException e) {
            err().println("ingot: " + server + ": " + e);
            return 1;
        }
    }

    private Range range() {
        try {
            return Range.parse(promptTokens);
        } catch (IllegalArgumentException e) {
            throw wrong("--prompt-tokens: " + e.getMessage());
        }
    }

    private int measure(LoadSettings settings) throws IOException, InterruptedException {
        var when = Instant.now();
        var pid = serverPid == null ? OptionalLong.empty() : OptionalLong.of(serverPid);
        var levels = new ArrayList<LoadLevel>();
        try (var client = new CompletionClient(settings);
                var probe = new ServerProbe(server, pid)) {
            var runner = new LoadRunner(settings, client, probe, pid);
            var first = runner.warmUp();
            if (!first.succeeded()) {
                err().println("ingot: " + server + " answered: " + first.error());
                return 1;
            }
            out().printf(
                            "%s at %s: prompts of %s tokens%s, %d output tokens; %s%n",
                            settings.model(),
                            server,
                            settings.promptTokens(),
                            sharedPrefix == 0 ? "" : " after " + sharedPrefix + " shared ones",
                            outputTokens,
                            when);
            printMemory("before", probe);
            for (int round = 0; round < repeat; round++) {
                for (int clients : concurrency) {
                    levels.add(runner.level(clients, requests(clients), 0));
                    if (slowReaders > 0) {
                        levels.add(besideSlowReaders(runner, clients, probe));
                    }
                }
            }
            printMemory("after", probe);
        }
        out().print(LoadReport.summary(levels).text());
        printRatio(levels);
        printStepOverhead(levels);
        out().flush();
        levels.stream()
                .flatMap(level -> level.answers().stream())
                .filter(answer -> !answer.succeeded())
                .limit(3)
                .forEach(answer -> err().println("failed: " + answer.error()));
        if (csv != null) {
            Files.writeString(csv, LoadReport.raw(when, settings, levels).csv());
        }
        return levels.stream().allMatch(level -> level.errors() == 0) ? 0 : 1;
    }

    private int requests(int clients) {
        return requests != null ? requests : Math.max(6, 2 * clients);
    }

    private LoadLevel besideSlowReaders(LoadRunner runner, int clients, ServerProbe probe)
            throws IOException, InterruptedException {
        var readers = runner.slowReaders(slowReaders, slowRate, slowOutputTokens);
        try {
            var level = runner.level(clients, requests(clients), slowReaders);
            printMemory("beside slow readers", probe);
            out().printf(
                            "slow readers had read %s events of %d%n",
                            readers.stream().map(SlowReader::events).toList(), slowOutputTokens);
            return level;
        } finally {
            readers.forEach(SlowReader::close);
        }
    }

    private void printMemory(String when, ServerProbe probe)
            throws IOException, InterruptedException {
        if (serverPid != null) {
            out().printf(
                            Locale.ROOT,
                            "server's memory %s: %s MiB resident, %s MiB of heap live%n",
                            when,
                            mib(probe.residentMib()),
                            mib(probe.heapMib()));
        }
    }

    private static String mib(OptionalDouble value) {
        return Table.number(value, 1);
    }

    private void printRatio(List<LoadLevel> levels) {
        if (slowReaders == 0) {
            return;
        }
        for (int clients : concurrency) {
            var level = levels.stream().filter(l -> l.concurrency() == clients).toList();
            out().printf(
                            Locale.ROOT,
                            "%d clients beside %d slow ones: %.3f of the time without, %.3f of the tokens per second%n",
                            clients,
                            slowReaders,
                            ratio(level, LoadLevel::seconds),
                            ratio(level, LoadLevel::outputTokensPerSecond));
        }
    }

    /// Median beside slow readers over the median without.
    private static double ratio(List<LoadLevel> levels, ToDoubleFunction<LoadLevel> figure) {
        var with = levels.stream().filter(l -> l.slowReaders() > 0).mapToDouble(figure).toArray();
        var without =
                levels.stream().filter(l -> l.slowReaders() == 0).mapToDouble(figure).toArray();
        return Figures.of(with).median() / Figures.of(without).median();
    }

    private void printStepOverhead(List<LoadLevel> levels) {
        for (var level : levels) {
            var steps = level.steps();
            if (level.concurrency() == 1 && level.slowReaders() == 0 && steps.steps() > 0) {
                out().printf(
                                Locale.ROOT,
                                "one client: %.0f steps of %.2f ms, %.2f ms of it on the device; outside the device went %.1f %%"
                                        + " of the steps' time and %.1f %% of the client's%n",
                                steps.steps(),
                                1e3 * steps.seconds() / steps.steps(),
                                1e3 * steps.deviceSeconds() / steps.steps(),
                                100 * level.shareOutsideDevice(),
                                100 * level.shareOutsideDeviceForTheClient());
            }
        }
    }

    private PrintWriter out() {
        return specified().commandLine().getOut();
    }

    private PrintWriter err() {
        return specified().commandLine().getErr();
    }

    private void check(boolean valid, String message) {
        if (!valid) {
            throw wrong(message);
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(specified().commandLine(), message);
    }

    private CommandSpec specified() {
        if (spec == null) {
            throw new IllegalStateException("picocli sets the spec");
        }
        return spec;
    }
}
