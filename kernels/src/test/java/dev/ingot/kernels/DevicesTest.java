package dev.ingot.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.metal.objc.Frameworks;
import org.junit.jupiter.api.Test;

final class DevicesTest {
    @Test
    void autoIsTheCpuWhereThereIsNoMetal() {
        assumeThat(Frameworks.isMac()).as("macOS has Metal").isFalse();
        try (var device = Devices.open("auto", 1)) {
            assertThat(device.info().kind()).isEqualTo("cpu");
        }
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Devices.open("tpu", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auto, cpu or metal");
    }

    @Test
    void fastNumericsTakeProductsOfBf16PairsWhereTheCpuHasThem() {
        var rounding = CpuDevice.variants().stream().filter(v -> v.endsWith("bf16")).findFirst();
        try (var exact = Devices.open("cpu", 1);
                var fast = Devices.open("cpu", 1, Numerics.FAST)) {
            assertThat(exact.info().variant()).doesNotEndWith("bf16");
            assertThat(fast.info().variant()).isEqualTo(rounding.orElse(exact.info().variant()));
            assertThat(fast.info().numericClass().equals(exact.info().numericClass()))
                    .isEqualTo(rounding.isEmpty());
        }
    }

    @Test
    void whereThereIsNoMetalItSaysWhatIsMissingAndWhatToUse() {
        assumeThat(Frameworks.isMac()).as("macOS has Metal").isFalse();
        String library = System.clearProperty(Frameworks.LIBRARY_PROPERTY);
        try {
            assumeThat(Frameworks.isLoaded()).as("a software Metal device is loaded").isFalse();
            assertThatThrownBy(() -> Devices.open("metal", 1))
                    .isInstanceOfSatisfying(
                            DeviceException.class,
                            e -> assertThat(e.kind()).isEqualTo(DeviceException.Kind.UNAVAILABLE))
                    .hasMessageContaining("-Dingot.metal.library")
                    .hasMessageContaining("--device cpu");
            System.setProperty(Frameworks.LIBRARY_PROPERTY, "/nowhere/libmetal.so");
            assertThatThrownBy(() -> Devices.open("metal", 1))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("/nowhere/libmetal.so");
        } finally {
            System.clearProperty(Frameworks.LIBRARY_PROPERTY);
            if (library != null) {
                System.setProperty(Frameworks.LIBRARY_PROPERTY, library);
            }
        }
    }
}
