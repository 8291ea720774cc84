package dev.ingot.kernels;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.metal.MetalDevice;
import dev.ingot.kernels.metal.objc.Frameworks;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens a device by the name that a user knows it by.
public final class Devices {
    private static final Logger LOG = LoggerFactory.getLogger(Devices.class);

    private Devices() {}

    /// Opens `auto`, `cpu` or `metal`, with exact numerics.
    ///
    /// @see #open(String, int, Numerics)
    public static Device open(String name, int threads) {
        return open(name, threads, Numerics.EXACT);
    }

    /// Opens `auto`, `cpu` or `metal`.
    ///
    /// `auto` is the GPU on macOS, and the CPU on other systems and on a Mac whose GPU cannot be used, which is
    /// logged with the reason. A software Metal device is opened only by its name.
    ///
    /// @param threads threads that compute on the CPU; 0 for one per available processor
    /// @throws DeviceException of kind `UNAVAILABLE` if there is no such device here
    /// @throws IllegalArgumentException if no device has that name
    public static Device open(String name, int threads, Numerics numerics) {
        return switch (name) {
            case "auto" -> best(threads, numerics);
            case "cpu" -> CpuDevice.open(threads, numerics);
            case "metal" -> MetalDevice.open(numerics);
            default ->
                    throw new IllegalArgumentException(
                            "no device '" + name + "': it is auto, cpu or metal");
        };
    }

    private static Device best(int threads, Numerics numerics) {
        if (!Frameworks.isMac()) {
            return CpuDevice.open(threads, numerics);
        }
        try {
            return MetalDevice.open(numerics);
        } catch (DeviceException e) {
            LOG.warn("Using the CPU: {}", e.getMessage());
            return CpuDevice.open(threads, numerics);
        }
    }
}
