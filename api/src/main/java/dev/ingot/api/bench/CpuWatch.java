package dev.ingot.api.bench;

import java.util.OptionalDouble;

/// How busy other programs kept this machine over a time, the server not among them.
final class CpuWatch {
    private final ServerProbe probe;
    private HostCpu host = HostCpu.now();
    private long serverNanos;

    CpuWatch(ServerProbe probe) {
        this.probe = probe;
        begin();
    }

    void begin() {
        host = HostCpu.now();
        serverNanos = probe.cpuNanos();
    }

    /// Cores that others kept busy since [#begin], on average; empty where nobody tells, or where the server's process is
    /// not known.
    OptionalDouble foreignCores() {
        var now = HostCpu.now();
        var others = now.foreignCoresSince(host);
        double server =
                (double) (probe.cpuNanos() - serverNanos) / (now.wallNanos() - host.wallNanos());
        return probe.knowsProcess() && others.isPresent()
                ? OptionalDouble.of(Math.max(0, others.getAsDouble() - server))
                : OptionalDouble.empty();
    }
}
