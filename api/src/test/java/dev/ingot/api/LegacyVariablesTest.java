package dev.ingot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class LegacyVariablesTest {
    @Test
    void theDeviceHasAnotherNameHere() {
        assertThat(new LegacyVariables(Map.of()).device()).isEmpty();
        assertThat(new LegacyVariables(Map.of("VLLM_MLX_DEVICE", "gpu")).device()).hasValue("auto");
        assertThat(new LegacyVariables(Map.of("VLLM_MLX_DEVICE", "cpu")).device()).hasValue("cpu");
        assertThatThrownBy(() -> new LegacyVariables(Map.of("VLLM_MLX_DEVICE", "tpu")).device())
                .hasMessageContaining("VLLM_MLX_DEVICE is 'tpu', expected gpu or cpu");
    }

    @Test
    void whatMeansNothingHereIsNamed() {
        var variables = Map.of("VLLM_METAL_FUSED_KV", "1", "VLLM_METAL_BLOCK_SIZE", "16", "X", "");
        assertThat(new LegacyVariables(variables).ignored()).containsExactly("VLLM_METAL_FUSED_KV");
    }

    @Test
    void theVariablesOfTheMetalPluginsAreRead() {
        var variables =
                new LegacyVariables(
                        Map.of(
                                "VLLM_METAL_MEMORY_FRACTION", "0.8",
                                "VLLM_METAL_BLOCK_SIZE", "32",
                                "VLLM_METAL_MAX_BATCH_SIZE", ""));
        assertThat(variables.memoryFraction()).hasValue(0.8);
        assertThat(variables.blockSize()).hasValue(32);
        assertThat(variables.maxBatchTokens()).isEmpty();
    }

    @Test
    void whatIsNoNumberIsRefusedByName() {
        var variables = new LegacyVariables(Map.of("VLLM_METAL_BLOCK_SIZE", "big"));
        assertThatThrownBy(variables::blockSize)
                .hasMessage("VLLM_METAL_BLOCK_SIZE is 'big', expected an integer");
    }
}
