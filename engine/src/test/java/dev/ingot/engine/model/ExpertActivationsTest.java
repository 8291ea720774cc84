package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ingot.engine.model.ModelConfig.Experts;
import dev.ingot.engine.ops.ReferenceDevice;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ExpertActivationsTest {
    private static final Experts EXPERTS = new Experts(8, 3, 20, true, List.of());

    @Test
    void theMemoryThatWasForetoldIsTheMemoryThatIsTaken() {
        var config =
                new ModelConfig(
                        Architecture.MIXTRAL,
                        40,
                        2,
                        4,
                        2,
                        10,
                        20,
                        100,
                        1e-5f,
                        false,
                        false,
                        false,
                        256,
                        new Rope(10_000, new Rope.Unscaled()),
                        Optional.empty(),
                        OptionalInt.empty(),
                        List.of());
        var limits = new StepLimits(17, 3);
        try (var device = new ReferenceDevice()) {
            var all = ExpertActivations.allocate(device, config, EXPERTS, limits);
            assertThat(device.usedBytes())
                    .isEqualTo(ExpertActivations.bytes(config, EXPERTS, limits));
            var step = all.firstRows(5);
            assertThat(step.rows().rows()).isEqualTo(15);
            assertThat(step.groups().starts().rows()).isEqualTo(9);
        }
    }

    @Test
    void aTokenGoesThroughNoMoreExpertsThanThereAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Experts(2, 3, 20, true, List.of()))
                .withMessage("3 of 2 experts of 20");
    }
}
