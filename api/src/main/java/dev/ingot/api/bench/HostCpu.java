package dev.ingot.api.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// How busy other programs keep this machine: what they take cannot be measured as ours.
///
/// @param busyNanos CPU time of all programs so far; empty where the system does not tell (only Linux does)
/// @param ownNanos CPU time of this program so far
/// @param wallNanos when that was
record HostCpu(OptionalLong busyNanos, long ownNanos, long wallNanos) {
    private static final Path STAT = Path.of("/proc/stat");

    /// Linux counts in hundredths of a second towards programs, whatever its own clock does.
    private static final long NANOS_PER_TICK = 10_000_000;

    static HostCpu now() {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new HostCpu(busy(), system.getProcessCpuTime(), System.nanoTime());
    }

    private static OptionalLong busy() {
        try {
            return Files.isReadable(STAT)
                    ? OptionalLong.of(busyTicks(Files.readString(STAT)) * NANOS_PER_TICK)
                    : OptionalLong.empty();
        } catch (IOException e) {
            // A system without readable figures is one that does not tell.
            return OptionalLong.empty();
        }
    }

    /// `cpu user nice system idle iowait irq softirq steal …`: all but idle and iowait. Guests are in user and nice.
    static long busyTicks(String stat) {
        String[] fields = stat.lines().findFirst().orElse("").strip().split("\\s+", -1);
        long ticks = 0;
        for (int i = 1; i < Math.min(fields.length, 9); i++) {
            if (i != 4 && i != 5) {
                ticks += Long.parseLong(fields[i]);
            }
        }
        return ticks;
    }

    /// Cores that others kept busy since then, on average.
    OptionalDouble foreignCoresSince(HostCpu then) {
        if (busyNanos.isEmpty() || then.busyNanos.isEmpty()) {
            return OptionalDouble.empty();
        }
        double busy = busyNanos.getAsLong() - then.busyNanos.getAsLong();
        double own = ownNanos - then.ownNanos;
        return OptionalDouble.of(Math.max(0, (busy - own) / (wallNanos - then.wallNanos)));
    }
}
