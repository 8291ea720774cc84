package dev.ingot.api.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// What a server says of itself in `/metrics`, and what the system says of its process.
final class ServerProbe implements AutoCloseable {
    private static final int OK = 200;

    /// A generation of Serial and Parallel, or the whole heap of G1; the metaspace has no total.
    private static final Pattern HEAP_USED =
            Pattern.compile("total (?:reserved \\d+K, committed )?\\d+K, used (\\d+)K");

    private final URI server;
    private final OptionalLong pid;
    private final HttpClient http = HttpClient.newHttpClient();

    /// @param pid the server's process, where it runs on this machine and is known
    ServerProbe(URI server, OptionalLong pid) {
        this.server = server;
        this.pid = pid;
    }

    /// Sums of the server's step histograms; both 0 where it has none.
    ///
    /// @param steps that were run
    /// @param seconds from a step's start to its answer, added up
    /// @param deviceSeconds of these on the device
    record Steps(double steps, double seconds, double deviceSeconds) {
        Steps since(Steps before) {
            return new Steps(
                    steps - before.steps,
                    seconds - before.seconds,
                    deviceSeconds - before.deviceSeconds);
        }
    }

    Steps steps() throws IOException, InterruptedException {
        var text = metrics();
        return new Steps(
                sum(text, "ingot:step_seconds_count"),
                sum(text, "ingot:step_seconds_sum"),
                sum(text, "ingot:step_device_seconds_sum"));
    }

    private String metrics() throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(server.resolve("/metrics")).build();
        var response = http.send(request, BodyHandlers.ofString());
        return response.statusCode() == OK ? response.body() : "";
    }

    /// A metric's value in Prometheus' text format, all labels together; 0 if it is not there.
    static double sum(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    boolean knowsProcess() {
        return pid.isPresent();
    }

    /// CPU time of the server's process so far; 0 where it is not known.
    long cpuNanos() {
        return pid.isEmpty()
                ? 0
                : ProcessHandle.of(pid.getAsLong())
                        .flatMap(process -> process.info().totalCpuDuration())
                        .orElse(Duration.ZERO)
                        .toNanos();
    }

    /// MiB of memory that the server's process has, where Linux tells.
    OptionalDouble residentMib() throws IOException {
        var status = procFile("status");
        if (status.isEmpty()) {
            return OptionalDouble.empty();
        }
        return status.lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
                .findFirst();
    }

    /// MiB of Java heap that are in use after a collection, where the server is a JVM of ours.
    OptionalDouble heapMib() throws IOException, InterruptedException {
        if (pid.isEmpty()) {
            return OptionalDouble.empty();
        }
        jcmd("GC.run");
        return heapUsed(jcmd("GC.heap_info"));
    }

    /// MiB that the generations use, in `jcmd`'s words.
    static OptionalDouble heapUsed(String heapInfo) {
        var used =
                HEAP_USED
                        .matcher(heapInfo)
                        .results()
                        .mapToDouble(match -> Double.parseDouble(match.group(1)) / 1024)
                        .toArray();
        return used.length == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(Arrays.stream(used).sum());
    }

    private String jcmd(String command) throws IOException, InterruptedException {
        var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        var process =
                new ProcessBuilder(jcmd, String.valueOf(pid.orElseThrow()), command)
                        .redirectErrorStream(true)
                        .start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() == 0 ? output : "";
    }

    private String procFile(String name) throws IOException {
        if (pid.isEmpty()) {
            return "";
        }
        var file = Path.of("/proc", String.valueOf(pid.getAsLong()), name);
        return Files.isReadable(file) ? Files.readString(file) : "";
    }

    @Override
    public void close() {
        http.close();
    }
}
