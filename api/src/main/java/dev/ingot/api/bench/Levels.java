package dev.ingot.api.bench;

import dev.ingot.api.console.Table;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntUnaryOperator;
import java.util.function.ToDoubleFunction;

/// The levels of one measurement, each also beside what a server may have to bear, and what is told of them.
final class Levels {
    private final LoadRunner runner;
    private final ServerProbe probe;
    private final PrintWriter out;
    private final Extra extra;

    /// What every level is run beside once more; nothing where all is zero.
    ///
    /// @param slowReaders clients that read slowly
    /// @param slowRate tokens a second that they read
    /// @param slowOutputTokens how long their answers are
    /// @param busyThreads threads that never sleep
    record Extra(int slowReaders, double slowRate, int slowOutputTokens, int busyThreads) {
        LoadLevel.Beside beside() {
            return new LoadLevel.Beside(slowReaders, busyThreads);
        }
    }

    Levels(LoadRunner runner, ServerProbe probe, PrintWriter out, Extra extra) {
        this.runner = runner;
        this.probe = probe;
        this.out = out;
        this.extra = extra;
    }

    /// @param concurrency clients of each level
    /// @param requests of a level with so many clients
    List<LoadLevel> run(List<Integer> concurrency, IntUnaryOperator requests, int rounds)
            throws IOException, InterruptedException {
        var levels = new ArrayList<LoadLevel>();
        printMemory("before");
        for (int round = 0; round < rounds; round++) {
            for (int clients : concurrency) {
                int count = requests.applyAsInt(clients);
                levels.add(runner.level(clients, count, LoadLevel.Beside.NOTHING));
                if (!extra.beside().isNothing()) {
                    levels.add(beside(clients, count));
                }
            }
        }
        printMemory("after");
        out.print(LoadReport.summary(levels).text());
        if (!extra.beside().isNothing()) {
            concurrency.stream().distinct().forEach(clients -> printRatio(levels, clients));
        }
        printStepOverhead(levels);
        out.flush();
        return levels;
    }

    private LoadLevel beside(int clients, int requests) throws IOException, InterruptedException {
        var readers = runner.slowReaders(extra.slowReaders, extra.slowRate, extra.slowOutputTokens);
        try (var _ = new Spinners(extra.busyThreads)) {
            var level = runner.level(clients, requests, extra.beside());
            if (!readers.isEmpty()) {
                printMemory("beside slow readers");
                out.printf(
                        "slow readers had read %s events of %d%n",
                        readers.stream().map(SlowReader::events).toList(), extra.slowOutputTokens);
            }
            return level;
        } finally {
            readers.forEach(SlowReader::close);
        }
    }

    private void printMemory(String when) throws IOException, InterruptedException {
        var resident = probe.residentMib();
        if (resident.isPresent()) {
            out.printf(
                    Locale.ROOT,
                    "server's memory %s: %s MiB resident, %s MiB of heap live%n",
                    when,
                    Table.number(resident, 1),
                    Table.number(probe.heapMib(), 1));
        }
    }

    private void printRatio(List<LoadLevel> levels, int clients) {
        var level = levels.stream().filter(l -> l.concurrency() == clients).toList();
        out.printf(
                Locale.ROOT,
                "%d clients%s: %.3f of the time without, %.3f of the tokens per second%n",
                clients,
                extra.beside(),
                ratio(level, LoadLevel::seconds),
                ratio(level, LoadLevel::outputTokensPerSecond));
    }

    /// Median beside the rest over the median without.
    private static double ratio(List<LoadLevel> levels, ToDoubleFunction<LoadLevel> figure) {
        var with =
                levels.stream().filter(l -> !l.beside().isNothing()).mapToDouble(figure).toArray();
        var without =
                levels.stream().filter(l -> l.beside().isNothing()).mapToDouble(figure).toArray();
        return Figures.of(with).median() / Figures.of(without).median();
    }

    private void printStepOverhead(List<LoadLevel> levels) {
        for (var level : levels) {
            var steps = level.steps();
            if (level.concurrency() == 1 && level.beside().isNothing() && steps.steps() > 0) {
                out.printf(
                        Locale.ROOT,
                        "one client: %.0f steps of %.3f ms, %.3f ms of it on the device; outside"
                                + " the device went %.1f %% of the steps' time and %.1f %% of the"
                                + " client's%n",
                        steps.steps(),
                        1e3 * steps.seconds() / steps.steps(),
                        1e3 * steps.deviceSeconds() / steps.steps(),
                        100 * level.shareOutsideDevice(),
                        100 * level.shareOutsideDeviceForTheClient());
            }
        }
    }
}
