package dev.ingot.kernels.metal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.Steps;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.parity.Samples;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The GPU's draws against the CPU's, token for token, and those of threadgroups of several sizes.
final class MetalSampleTest {
    @BeforeAll
    static void softMetal() {
        SoftMetal.require();
    }

    @AfterEach
    void clean() {
        SoftMetal.assertClean();
    }

    @Test
    void drawsWhatTheCpuDraws() {
        try (var metal = MetalDevice.open(Numerics.EXACT);
                var cpu = CpuDevice.open(1)) {
            for (int n : new int[] {1, 2, 31, 32, 33, 300, 1030}) {
                for (long seed = 0; seed < 12; seed++) {
                    assertSame(metal, cpu, n, seed);
                }
            }
            assertSame(metal, cpu, 20_000, 1);
        }
    }

    @Test
    void theSizeOfAThreadgroupChangesNothing() {
        for (String threads : new String[] {"32", "96", "1024"}) {
            SoftMetal.set("MAX_THREADS", threads);
            try (var metal = MetalDevice.open(Numerics.EXACT);
                    var cpu = CpuDevice.open(1)) {
                for (long seed = 0; seed < 4; seed++) {
                    assertSame(metal, cpu, 4100, seed);
                }
            }
        }
    }

    private static void assertSame(MetalDevice metal, CpuDevice cpu, int n, long seed) {
        float[][] rows = Samples.rows(seed, n);
        var params = Samples.params(new Random(seed), rows.length, n);
        assertThat(Samples.tokens(metal, rows, params))
                .as("of %d, seed %d, %s", n, seed, params)
                .isEqualTo(Samples.tokens(cpu, rows, params));
    }

    @Test
    void anEditOfNoTokenFailsTheStep() {
        try (var metal = MetalDevice.open(Numerics.EXACT)) {
            var x = Steps.floats(metal, new float[5], new float[5]);
            for (int[] wrong : new int[][] {{-1, 2}, {5, 2}, {4, 3}, {4, 0}}) {
                var edits = LogitEdits.allocate(metal, 2, 3);
                edits.write(0, 4, 0, 1, 0, 0);
                edits.write(1, wrong[0], 0, 1, 0, 0);
                edits.endRow(0, 1);
                edits.endRow(1, wrong[1]);
                assertThatThrownBy(() ->
                                Steps.run(metal, enc -> enc.processLogits(x, edits.first(2, 2))))
                        .isInstanceOf(DeviceException.class)
                        .hasMessageContaining("processLogits");
            }
        }
    }
}
