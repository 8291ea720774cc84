package dev.ingot.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.model.Architecture;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.model.ModelMemory;
import dev.ingot.engine.model.Rope;
import dev.ingot.engine.ops.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/// A model of 100 MiB beside a KV cache with blocks of 1 MiB.
final class KvPlanTest {
    private static final long MIB = 1 << 20;
    private static final ModelMemory MEMORY = new ModelMemory(90 * MIB, 6 * MIB, 4 * MIB, MIB);

    @Test
    void aShareOfTheMemoryIsForEverythingTogether() {
        assertThat(plan(OptionalDouble.of(0.5), OptionalLong.empty(), 300 * MIB).blockCount())
                .isEqualTo(50);
    }

    @Test
    void withoutAShareTheCacheTakesFortyPercentOfTheRest() {
        assertThat(plan(OptionalDouble.empty(), OptionalLong.empty(), 200 * MIB).blockCount())
                .isEqualTo(40);
    }

    @Test
    void aModelThatDoesNotFitIsExplainedByItsParts() {
        assertThatThrownBy(() -> plan(OptionalDouble.empty(), OptionalLong.empty(), 99 * MIB))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needs 100 MiB (90 MiB of weights, 10 MiB of activations")
                .hasMessageContaining("the device has 99 MiB");
    }

    @Test
    void aShareThatIsTooSmallIsNamed() {
        assertThatThrownBy(() -> plan(OptionalDouble.of(0.25), OptionalLong.empty(), 300 * MIB))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--gpu-memory-utilization allows 75 MiB");
    }

    @Test
    void aCacheThatWasAskedForMustFitIntoTheShare() {
        assertThatThrownBy(() -> plan(OptionalDouble.of(0.5), OptionalLong.of(51 * MIB), 300 * MIB))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--kv-cache-memory-bytes is 51 MiB");
    }

    @Test
    void memoryThatOthersHoldIsNotCounted() {
        assertThat(
                        plan(OptionalDouble.empty(), OptionalLong.empty(), 300 * MIB, 200 * MIB)
                                .blockCount())
                .isEqualTo(40);
        assertThatThrownBy(() ->
                        plan(OptionalDouble.empty(), OptionalLong.empty(), 300 * MIB, 99 * MIB))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the device has 300 MiB and 99 MiB of them are available");
    }

    private static KvPlan plan(OptionalDouble fraction, OptionalLong kvBytes, long workingSet) {
        return plan(fraction, kvBytes, workingSet, workingSet);
    }

    private static KvPlan plan(
            OptionalDouble fraction, OptionalLong kvBytes, long workingSet, long available) {
        var config =
                new ModelConfig(
                        Architecture.LLAMA,
                        64,
                        1,
                        2,
                        2,
                        32,
                        64,
                        100,
                        1e-5f,
                        true,
                        false,
                        false,
                        4096,
                        new Rope(10_000, new Rope.Unscaled()),
                        Optional.empty(),
                        OptionalInt.empty(),
                        List.of());
        var settings =
                new WorkerSettings(
                        Path.of("m"),
                        "cpu",
                        1,
                        OptionalInt.empty(),
                        64,
                        256,
                        16,
                        kvBytes,
                        fraction,
                        DType.F16);
        return KvPlan.of(settings, config, MEMORY, workingSet, available);
    }
}
