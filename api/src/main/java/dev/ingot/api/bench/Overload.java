package dev.ingot.api.bench;

import static dev.ingot.api.console.Table.number;

import dev.ingot.api.console.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/// What a server still does when more clients come than it can serve: first its peak is measured with clients that wait
/// for each other, then a multiple of that rate arrives for a while, then the same clients as at first come again.
final class Overload {
    private final Crowd crowd;
    private final ServerProbe probe;
    private final double factor;
    private final double seconds;
    private final long seed;

    /// One phase and the server's memory after it.
    ///
    /// @param ofPeak its goodput by that at the peak
    /// @param foreignCores cores that neither we nor the server kept busy meanwhile
    record Row(
            String name,
            Phase phase,
            double ofPeak,
            OptionalDouble residentMib,
            OptionalDouble heapMib,
            OptionalDouble foreignCores) {}

    /// @param factor arrivals by what the server can serve
    /// @param seconds how long the overload lasts
    /// @param seed of the moments of arrival
    Overload(Crowd crowd, ServerProbe probe, double factor, double seconds, long seed) {
        this.crowd = crowd;
        this.probe = probe;
        this.factor = factor;
        this.seconds = seconds;
        this.seed = seed;
    }

    /// @param clients numbers of clients to find the peak with: the one that gives most
    List<Row> run(List<Integer> clients) throws IOException, InterruptedException {
        var rows = new ArrayList<Row>();
        Phase peak = null;
        int best = 0;
        // A server compiles and touches its memory first: a peak measured then would be no peak.
        crowd.loops(clients.getLast(), seconds / 4);
        var watched = new CpuWatch(probe);
        var foreign = OptionalDouble.empty();
        for (int count : clients) {
            watched.begin();
            var phase = crowd.loops(count, seconds / 2);
            if (peak == null || phase.goodput() > peak.goodput()) {
                peak = phase;
                best = count;
                foreign = watched.foreignCores();
            }
        }
        if (peak == null || peak.answered() == 0) {
            throw new IOException("the server answered nobody: " + errorsOf(peak));
        }
        rows.add(row(best + " clients", peak, peak, foreign));
        watched.begin();
        var overload = crowd.arrivals(factor * peak.requestsPerSecond(), seconds, seed);
        var name = String.format(Locale.ROOT, "%.3g times as many", factor);
        rows.add(row(name, overload, peak, watched.foreignCores()));
        // At once: the last of those before have just had their answers.
        watched.begin();
        var again = crowd.loops(best, seconds / 2);
        rows.add(row(best + " clients again", again, peak, watched.foreignCores()));
        return rows;
    }

    private static String errorsOf(@Nullable Phase phase) {
        return phase == null
                ? "no number of clients was given"
                : phase.answers().stream().map(Answer::error).findFirst().orElse("");
    }

    private Row row(String name, Phase phase, Phase peak, OptionalDouble foreignCores)
            throws IOException, InterruptedException {
        return new Row(
                name,
                phase,
                phase.goodput() / peak.goodput(),
                probe.residentMib(),
                probe.heapMib(),
                foreignCores);
    }

    static Table table(List<Row> rows) {
        var table =
                new Table(
                        "clients",
                        "seconds",
                        "came",
                        "answered",
                        "refused",
                        "failed",
                        "good tok/s",
                        "of peak",
                        "req/s",
                        "TTFT p50",
                        "p99 ms",
                        "refused in p50",
                        "p99",
                        "max ms",
                        "last after s",
                        "resident MiB",
                        "heap MiB",
                        "other cores");
        for (var row : rows) {
            var phase = row.phase();
            table.add(
                    row.name(),
                    number(phase.seconds(), 0),
                    String.valueOf(phase.answers().size()),
                    String.valueOf(phase.answered()),
                    String.valueOf(phase.refused()),
                    String.valueOf(phase.failed()),
                    number(phase.goodput(), 1),
                    number(100 * row.ofPeak(), 1) + " %",
                    number(phase.requestsPerSecond(), 2),
                    number(phase.ttftMillis().median(), 0),
                    number(phase.ttftMillis().percentile(99), 0),
                    number(phase.refusalMillis().median(), 1),
                    number(phase.refusalMillis().percentile(99), 1),
                    number(phase.refusalMillis().max(), 1),
                    number(phase.secondsAfter(), 1),
                    number(row.residentMib(), 0),
                    number(row.heapMib(), 1),
                    number(row.foreignCores(), 2));
        }
        return table;
    }
}
