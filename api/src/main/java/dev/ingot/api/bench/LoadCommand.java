package dev.ingot.api.bench;

import dev.ingot.api.bench.LoadSettings.Range;
import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.api.console.Table;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `ingot load`: what clients of a server feel while many of them ask at once.
@Command(
        name = "load",
        description = "Measure an OpenAI-compatible server under load.",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Prompts are random and differ between levels, but not in length. TTFT is the time to"
                    + " the first token,",
            "ITL the time between two events of a stream, TPOT the time per output token after the"
                    + " first.",
            "With --slow-readers or --busy-threads, every level runs without and then with them,"
                    + " and the ratio is printed.",
            "'good' tokens are those of answers that ended as they should, within the time given;"
                    + " whoever was refused got 429 or 503.",
            "'off device' is the share of the steps' time in which the device did not compute"
                    + " (Ingot's metrics)."
        })
public final class LoadCommand extends ConsoleCommand {
    /// What has just been used is compiled and collected for a moment yet.
    private static final int SETTLING_SECONDS = 3;

    /// One token may be half a character, and nothing to see.
    private static final int LONG_PROMPT_OUTPUT = 8;

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
            names = "--busy-threads",
            paramLabel = "N",
            description =
                    "Threads beside the clients that never sleep, as other programs' (default:"
                            + " ${DEFAULT-VALUE}).")
    private int busyThreads;

    @Option(
            names = "--overload",
            paramLabel = "FACTOR",
            description =
                    "Instead: find the peak with --concurrency clients, then let so many times as"
                            + " many come.")
    private @Nullable Double overload;

    @Option(
            names = "--long-prompt",
            paramLabel = "TOKENS",
            description =
                    "Instead: the time between the tokens of --concurrency streams, without and"
                            + " beside a prompt of this length.")
    private @Nullable Integer longPrompt;

    @Option(
            names = "--duration",
            paramLabel = "SECONDS",
            description =
                    "How long the overload lasts (default: 60), or the time without a long prompt"
                            + " (10).")
    private @Nullable Double duration;

    @Option(
            names = "--idle",
            paramLabel = "SECONDS",
            description = "Afterwards: the CPU time that the server takes while nobody asks.")
    private double idleSeconds;

    @Option(
            names = "--server-pid",
            paramLabel = "PID",
            description = "The server's process on this machine, to watch its memory and CPU time.")
    private @Nullable Long serverPid;

    @Option(names = "--csv", paramLabel = "FILE", description = "Write every level there.")
    private @Nullable Path csv;

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
        check(busyThreads >= 0, "--busy-threads is " + busyThreads + ", expected at least 0");
        check(idleSeconds >= 0, "--idle is " + idleSeconds + ", expected at least 0");
        check(
                idleSeconds == 0 || serverPid != null,
                "--idle asks for CPU time: give --server-pid, too");
        check(
                overload == null || (overload > 0 && overload <= 1000),
                "--overload is " + overload + ", expected more than 0 and at most 1000");
        check(
                longPrompt == null || longPrompt >= 1,
                "--long-prompt is " + longPrompt + ", expected at least 1");
        check(
                overload == null || longPrompt == null,
                "--overload and --long-prompt are two measurements: expected one of them");
        check(
                duration == null || duration > 0,
                "--duration is " + duration + ", expected more than 0");
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
        var pid = serverPid == null ? OptionalLong.empty() : OptionalLong.of(serverPid);
        var client = new CompletionClient(settings);
        var crowd = new Crowd(client);
        try (var probe = new ServerProbe(server, pid)) {
            var first = crowd.one();
            if (!first.succeeded()) {
                err().println("ingot: " + server + " answered: " + first.error());
                return 1;
            }
            var when = Instant.now();
            out().printf(
                            "%s at %s: prompts of %s tokens%s, %d output tokens; %s%n",
                            settings.model(),
                            server,
                            settings.promptTokens(),
                            sharedPrefix == 0 ? "" : " after " + sharedPrefix + " shared ones",
                            outputTokens,
                            when);
            out().flush();
            int status;
            if (overload != null) {
                status = overload(overload, crowd, probe);
            } else if (longPrompt != null) {
                status = longPrompt(longPrompt, settings, client, crowd);
            } else {
                var runner = new LoadRunner(settings, client, crowd, probe);
                status = levels(when, settings, runner, probe);
            }
            if (idleSeconds > 0) {
                printIdle(probe);
            }
            return status;
        }
    }

    private int levels(Instant when, LoadSettings settings, LoadRunner runner, ServerProbe probe)
            throws IOException, InterruptedException {
        var extra = new Levels.Extra(slowReaders, slowRate, slowOutputTokens, busyThreads);
        var levels =
                new Levels(runner, probe, out(), extra).run(concurrency, this::requests, repeat);
        printFailures(levels.stream().flatMap(level -> level.answers().stream()));
        if (csv != null) {
            Files.writeString(csv, LoadReport.raw(when, settings, levels).csv());
        }
        return levels.stream().allMatch(level -> level.errors() == 0) ? 0 : 1;
    }

    private int overload(double factor, Crowd crowd, ServerProbe probe)
            throws IOException, InterruptedException {
        var rows =
                new Overload(crowd, probe, factor, duration == null ? 60 : duration, seed)
                        .run(concurrency);
        report(Overload.table(rows));
        printFailures(
                rows.stream()
                        .flatMap(row -> row.phase().answers().stream())
                        .filter(answer -> !answer.isRefused()));
        return rows.stream().allMatch(row -> row.phase().failed() == 0) ? 0 : 1;
    }

    private int longPrompt(int tokens, LoadSettings settings, CompletionClient client, Crowd crowd)
            throws IOException, InterruptedException {
        var prompts =
                new CompletionClient(settings.with(new Range(tokens, tokens), LONG_PROMPT_OUTPUT));
        var measure = new LongPrompt(client, prompts, duration == null ? 10 : duration);
        var results = new ArrayList<LongPrompt.Result>();
        for (int streams : concurrency) {
            results.add(measure.run(streams, repeat, crowd.nextVariant()));
        }
        report(LongPrompt.table(results));
        return 0;
    }

    private void report(Table table) throws IOException {
        out().print(table.text());
        out().flush();
        if (csv != null) {
            Files.writeString(csv, table.csv());
        }
    }

    private void printIdle(ServerProbe probe) throws InterruptedException {
        TimeUnit.SECONDS.sleep(SETTLING_SECONDS);
        long before = probe.cpuNanos();
        long began = System.nanoTime();
        TimeUnit.MILLISECONDS.sleep((long) (1e3 * idleSeconds));
        double share = (double) (probe.cpuNanos() - before) / (System.nanoTime() - began);
        out().printf(
                        Locale.ROOT,
                        "idle for %.0f s: the server took %.2f %% of one core%n",
                        idleSeconds,
                        100 * share);
    }

    private void printFailures(Stream<Answer> answers) {
        answers.filter(answer -> !answer.succeeded())
                .limit(3)
                .forEach(answer -> err().println("failed: " + answer.error()));
    }

    private int requests(int clients) {
        return requests != null ? requests : Math.max(6, 2 * clients);
    }
}
