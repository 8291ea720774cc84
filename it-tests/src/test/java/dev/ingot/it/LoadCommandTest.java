package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.api.bench.LoadCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// `ingot load` against a real server: that it counts what happened, not how long it took.
@Alone
final class LoadCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int load(TestServer server, String... arguments) {
        var all = new ArrayList<>(List.of("--url=" + server.url()));
        all.addAll(Arrays.asList(arguments));
        return new CommandLine(new LoadCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
    }

    /// The table's rows by their headings.
    private static List<Map<String, String>> rows(Path csv) throws Exception {
        var lines = Files.readAllLines(csv);
        var headings = lines.getFirst().split(",", -1);
        return lines.stream()
                .skip(1)
                .map(line -> line.split(",", -1))
                .map(cells -> {
                    var row = new HashMap<String, String>();
                    IntStream.range(0, cells.length).forEach(i -> row.put(headings[i], cells[i]));
                    return (Map<String, String>) row;
                })
                .toList();
    }

    private static int count(Map<String, String> row, String heading) {
        return Integer.parseInt(row.get(heading));
    }

    @Test
    void anOverloadedServerRefusesTheRestAndAnswersAgainAfterwards(@TempDir Path folder)
            throws Exception {
        try (var server = TestServer.start(2, 2, OptionalInt.of(64))) {
            var csv = folder.resolve("overload.csv");
            int status =
                    load(
                            server,
                            "--overload=30",
                            "--duration=2",
                            "--concurrency=2",
                            "--prompt-tokens=4",
                            "--output-tokens=24",
                            "--server-pid=" + ProcessHandle.current().pid(),
                            "--csv=" + csv);
            assertThat(status).as(out + "\n" + err).isZero();
            var rows = rows(csv);
            assertThat(rows).hasSize(3);
            for (var row : rows) {
                assertThat(count(row, "failed")).isZero();
                assertThat(count(row, "answered")).isPositive();
                assertThat(count(row, "answered") + count(row, "refused"))
                        .isEqualTo(count(row, "came"));
                assertThat(Double.parseDouble(row.get("good tok/s"))).isPositive();
                assertThat(Double.parseDouble(row.get("heap MiB"))).isPositive();
            }
            // Two run and two wait: whoever else comes is refused, and the server has counted it.
            assertThat(count(rows.get(0), "refused")).isZero();
            assertThat(count(rows.get(1), "refused")).isPositive();
            assertThat(Double.parseDouble(rows.get(1).get("refused in p50"))).isPositive();
            assertThat(count(rows.get(2), "refused")).isZero();
            assertThat(server.metric("ingot:requests_rejected_total"))
                    .isEqualTo(count(rows.get(1), "refused"));
        }
    }

    @Test
    void theGapsOfStreamsAreMeasuredBesideALongPrompt(@TempDir Path folder) throws Exception {
        try (var server = TestServer.start()) {
            var csv = folder.resolve("long.csv");
            int status =
                    load(
                            server,
                            "--long-prompt=700",
                            "--duration=0.5",
                            "--concurrency=3",
                            "--prompt-tokens=8",
                            "--output-tokens=1500",
                            "--csv=" + csv);
            assertThat(status).as(out + "\n" + err).isZero();
            var row = rows(csv).getFirst();
            assertThat(count(row, "prompt tok")).isEqualTo(700);
            assertThat(Double.parseDouble(row.get("p99 ratio"))).isPositive();
            assertThat(Double.parseDouble(row.get("ITL p50 beside"))).isPositive();
        }
    }

    @Test
    void levelsRunOnceMoreBesideBusyThreads(@TempDir Path folder) throws Exception {
        try (var server = TestServer.start()) {
            var csv = folder.resolve("levels.csv");
            int status =
                    load(
                            server,
                            "--concurrency=1,2",
                            "--requests=2",
                            "--prompt-tokens=8",
                            "--output-tokens=8",
                            "--busy-threads=1",
                            "--csv=" + csv);
            assertThat(status).as(out + "\n" + err).isZero();
            assertThat(rows(csv).stream().map(row -> row.get("busy_threads")))
                    .containsExactly("0", "1", "0", "1");
            assertThat(rows(csv)).allSatisfy(row -> assertThat(count(row, "errors")).isZero());
            assertThat(out.toString()).contains("1 clients + 1 busy: ");
        }
    }

    @Test
    void whatContradictsItselfIsSaid() {
        try (var server = TestServer.start()) {
            assertThat(load(server, "--overload=3", "--long-prompt=5")).isEqualTo(2);
            assertThat(err.toString()).contains("expected one of them");
            assertThat(load(server, "--idle=1")).isEqualTo(2);
            assertThat(err.toString()).contains("--server-pid");
        }
    }
}
