package dev.ingot.api.bench;

import static dev.ingot.api.console.Table.number;

import dev.ingot.api.console.Table;
import dev.ingot.kernels.cpu.CpuProfile;

/// What `ingot bench --profile` prints: where the time of a test's steps went, op by op.
final class ProfileReport {
    private ProfileReport() {}

    /// @param seconds that the test took, its sampling and the Java around the steps included
    static Table of(BenchTest test, CpuProfile profile, double seconds) {
        var table = new Table(test + ", by op", "calls a step", "us a step", "us a call", "share");
        double steps = profile.steps();
        double total = seconds * 1e9;
        for (var entry : profile.entries()) {
            double nanos = entry.nanos();
            table.add(
                    entry.op(),
                    number(entry.calls() / steps, 1),
                    number(nanos / steps / 1e3, 1),
                    number(nanos / entry.calls() / 1e3, 2),
                    number(100 * nanos / total, 1) + " %");
        }
        double outside = total - profile.stepNanos();
        table.add(
                "outside of the kernels",
                "-",
                number(outside / steps / 1e3, 1),
                "-",
                number(100 * outside / total, 1) + " %");
        return table;
    }
}
