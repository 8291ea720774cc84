package dev.ingot.kernels.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/// How much memory this machine, or the container that we run in, has.
final class HostMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private HostMemory() {}

    /// Physical memory in bytes, or the container's limit where that is lower.
    static long totalBytes() {
        return system().getTotalMemorySize();
    }

    /// Bytes that can be had without swapping. Where the system does not tell (only Linux counts what it
    /// would free for us), [#totalBytes].
    static long availableBytes() {
        long total = totalBytes();
        if (!Files.isReadable(MEMINFO)) {
            return total;
        }
        try {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith("MemAvailable:")) {
                    long kibibytes = Long.parseLong(line.replaceAll("[^0-9]", ""));
                    return Math.min(total, kibibytes << 10);
                }
            }
        } catch (IOException e) {
            // A system without readable figures is one that does not tell.
            return total;
        }
        return total;
    }

    private static OperatingSystemMXBean system() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    }
}
