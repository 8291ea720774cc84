package dev.ingot.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.DeviceException;
import org.junit.jupiter.api.Test;

final class DevicesTest {
    @Test
    void autoIsTheCpuWhereNothingElseIsBuilt() {
        try (var device = Devices.open("auto", 1)) {
            assertThat(device.info().kind()).isEqualTo("cpu");
        }
    }

    @Test
    void metalIsUnavailableAndSaysWhatToUse() {
        assertThatThrownBy(() -> Devices.open("metal", 1))
                .isInstanceOfSatisfying(
                        DeviceException.class,
                        e -> assertThat(e.kind()).isEqualTo(DeviceException.Kind.UNAVAILABLE))
                .hasMessageContaining("--device cpu");
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Devices.open("tpu", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("auto, cpu or metal");
    }
}
