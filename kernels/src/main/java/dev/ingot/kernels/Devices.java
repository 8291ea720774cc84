package dev.ingot.kernels;

import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.cpu.CpuDevice;

/// Opens a device by the name that a user knows it by.
public final class Devices {
    private Devices() {}

    /// Opens `auto`, `cpu` or `metal`.
    ///
    /// `auto` is the best device that this build can drive on this machine: the CPU.
    ///
    /// @param threads threads that compute on the CPU; 0 for one per available processor
    /// @throws DeviceException of kind `UNAVAILABLE` if there is no such device here
    /// @throws IllegalArgumentException if no device has that name
    public static Device open(String name, int threads) {
        return switch (name) {
            case "auto", "cpu" -> CpuDevice.open(threads);
            case "metal" ->
                    throw new DeviceException(
                            DeviceException.Kind.UNAVAILABLE,
                            "this build has no Metal device; use --device cpu");
            default ->
                    throw new IllegalArgumentException(
                            "no device '" + name + "': it is auto, cpu or metal");
        };
    }
}
