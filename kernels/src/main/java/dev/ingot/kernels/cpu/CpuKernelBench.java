package dev.ingot.kernels.cpu;

import java.util.function.Consumer;

/// How fast the CPU's kernels are, one by one, beside what the machine gives in the same seconds; used on the device's thread.
public final class CpuKernelBench {
    private final CpuDevice device;
    private final KernelClock clock;

    /// @param nanosPerFigure how long each figure is looked for
    public CpuKernelBench(CpuDevice device, CpuCalibration calibration, long nanosPerFigure) {
        this.device = device;
        this.clock = new KernelClock(device, calibration, nanosPerFigure);
    }

    /// Measures, and tells each figure as soon as it stands.
    public void measure(Consumer<KernelFigure> figures) {
        var data = new BenchData(device);
        new ProductBench(device, data, clock).measure(figures);
        new ExpertBench(device, data, clock).measure(figures);
        new AttentionBench(device, data, clock).measure(figures);
        new RowBench(device, data, clock).measure(figures);
    }
}
