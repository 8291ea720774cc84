package dev.ingot.api;

import dev.ingot.api.hub.HubProgress;
import dev.ingot.worker.LoadListener;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;

/// A download's or a loading's progress: one line that is written over on a terminal, a line for every tenth elsewhere.
final class ConsoleProgress implements HubProgress {
    private static final long INTERVAL_NANOS = 200_000_000;

    /// Of the bar on a terminal, in characters.
    private static final int BAR = 24;

    /// A smaller model is loaded before anybody has read the line.
    private static final long SMALLEST_SHOWN_BYTES = 256 << 20;

    private final PrintStream out;
    private final boolean isTerminal;
    private final long startNanos = System.nanoTime();
    private long lastNanos = startNanos - INTERVAL_NANOS - 1;
    private long firstBytes = -1;
    private long lastTenth = -1;

    ConsoleProgress(PrintStream out, boolean isTerminal) {
        this.out = out;
        this.isTerminal = isTerminal;
    }

    /// On the standard error.
    @SuppressWarnings(
            "SystemConsoleNull") // JDK 25 has none again where input or output is no terminal.
    static ConsoleProgress onStandardError() {
        var console = System.console();
        return new ConsoleProgress(System.err, console != null && console.isTerminal());
    }

    /// Of a model's weights on their way to the device, on the standard error.
    static LoadListener ofLoading(Path model) {
        var progress = onStandardError();
        var what = "loading " + model.getFileName();
        return (doneBytes, totalBytes) -> {
            if (totalBytes >= SMALLEST_SHOWN_BYTES) {
                progress.at(what, doneBytes, totalBytes);
            }
        };
    }

    @Override
    public synchronized void at(String file, long doneBytes, long totalBytes) {
        long now = System.nanoTime();
        if (firstBytes < 0) {
            firstBytes = doneBytes;
        }
        boolean ended = doneBytes >= totalBytes;
        long tenth = totalBytes == 0 ? 10 : doneBytes * 10 / totalBytes;
        boolean due = isTerminal ? now - lastNanos > INTERVAL_NANOS : tenth > lastTenth;
        if (!due && !(isTerminal && ended)) {
            return;
        }
        lastNanos = now;
        lastTenth = tenth;
        double seconds = Math.max(1e-3, (now - startNanos) * 1e-9);
        var line =
                String.format(
                        Locale.ROOT,
                        "%3d %%  %s%.1f of %.1f MiB  %s  %s",
                        totalBytes == 0 ? 100 : doneBytes * 100 / totalBytes,
                        isTerminal ? bar(doneBytes, totalBytes) : "",
                        doneBytes / (double) (1 << 20),
                        totalBytes / (double) (1 << 20),
                        speed((doneBytes - firstBytes) / seconds),
                        ended ? "done" : file);
        if (isTerminal) {
            out.print("\r\u001B[K" + line + (ended ? "\n" : ""));
            out.flush();
        } else {
            out.println(line);
        }
    }

    private static String bar(long doneBytes, long totalBytes) {
        int full = totalBytes == 0 ? BAR : (int) (doneBytes * BAR / totalBytes);
        return "[" + "#".repeat(full) + ".".repeat(BAR - full) + "]  ";
    }

    private static String speed(double bytesPerSecond) {
        return bytesPerSecond < 1e8
                ? String.format(Locale.ROOT, "%.1f MiB/s", bytesPerSecond / (1 << 20))
                : String.format(Locale.ROOT, "%.2f GB/s", bytesPerSecond * 1e-9);
    }
}
