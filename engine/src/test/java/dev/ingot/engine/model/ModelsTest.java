package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ingot.engine.model.ModelRunner.Slice;
import dev.ingot.engine.model.ModelRunner.Timeline;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.KvGeometry;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelsTest {
    private static final StepLimits LIMITS = new StepLimits(16, 3);
    private static final int BLOCKS = 12;

    @TempDir private Path folder;

    @ParameterizedTest
    @CsvSource({
        "LLAMA, true, false, F32",
        "LLAMA, false, true, F16",
        "QWEN3, false, false, BF16",
        "QWEN3, true, true, F32"
    })
    void computesWhatTheCheckpointSays(
            Architecture architecture, boolean tied, boolean biases, DType dtype) {
        new TinyCheckpoint(architecture, tied, biases, dtype).write(folder);
        try (var runner = runner();
                var checkpoint = Checkpoint.open(folder)) {
            var truth = new ScalarTransformer(checkpoint, runner.model().config());
            var logits = runner.step(Slice.of(new Timeline(0, 1), 3, 39, 0, 17, 17)).getFirst();
            var expected = truth.logits(3, 39, 0, 17, 17);
            for (int i = 0; i < expected.length; i++) {
                assertThat((double) logits[i])
                        .as("logit %d", i)
                        .isCloseTo(expected[i], within(1e-4));
            }
        }
    }

    /// Every row of a batch is what it would be alone: whoever else is in the step, however the prompt
    /// is cut, wherever its blocks lie.
    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "QWEN3"})
    void aSequenceInABatchWithScatteredBlocksIsAsItWouldBeAlone(Architecture architecture) {
        new TinyCheckpoint(architecture, false, false, DType.F32).write(folder);
        float[] alone;
        float[] otherAlone;
        try (var runner = runner()) {
            alone = runner.step(Slice.of(new Timeline(0, 1), 1, 2, 3, 4, 5, 6, 7)).getFirst();
        }
        try (var runner = runner()) {
            otherAlone = runner.step(Slice.of(new Timeline(0, 1), 9, 8, 7, 6, 5)).getFirst();
        }
        try (var runner = runner()) {
            var one = new Timeline(7, 2);
            var other = new Timeline(11, 0);
            var third = new Timeline(5);
            assertThat(runner.step(chunk(one, 1, 2, 3), chunk(other, 9))).isEmpty();
            runner.step(chunk(one, 4), Slice.of(third, 30), chunk(other, 8, 7, 6));
            var logits =
                    runner.step(Slice.of(other, 5), Slice.of(third, 31), Slice.of(one, 5, 6, 7));
            assertThat(logits).hasSize(3);
            assertThat(logits.get(0)).containsExactly(otherAlone);
            assertThat(logits.get(2)).containsExactly(alone);
        }
    }

    @Test
    void rowsOfLogitsComeInTheOrderOfTheSlicesThatWantThem() {
        new TinyCheckpoint(Architecture.LLAMA, true, false, DType.F32).write(folder);
        try (var runner = runner()) {
            var both = runner.step(Slice.of(new Timeline(0), 1), Slice.of(new Timeline(1), 2));
            var first = runner.step(chunk(new Timeline(2), 2), Slice.of(new Timeline(3), 1));
            assertThat(first).hasSize(1);
            assertThat(first.getFirst()).containsExactly(both.get(0));
            assertThat(both.get(1)).isNotEqualTo(both.get(0));
        }
    }

    @Test
    void aStepBeyondTheLimitsIsRefusedWhenItIsRecorded() {
        new TinyCheckpoint(Architecture.LLAMA, true, false, DType.F32).write(folder);
        try (var runner = runner()) {
            var tokens = new Integer[LIMITS.maxTokens() + 1];
            Arrays.fill(tokens, 1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> runner.step(Slice.of(new Timeline(0, 1, 2, 3, 4), tokens)))
                    .withMessage("17 rows of a tensor of 16");
        }
    }

    @Test
    void aMissingOrMisshapenTensorIsNamed() {
        refused(
                llama().remove("model.layers.1.mlp.up_proj.weight"),
                "expected tensor 'model.layers.1.mlp.up_proj.weight', found no such tensor in"
                        + " model.safetensors");
        refused(
                llama().add("model.layers.0.self_attn.k_proj.weight", 32, 24),
                "model.safetensors: tensor 'model.layers.0.self_attn.k_proj.weight': expected shape"
                        + " [16, 24] after the configuration, found [32, 24]");
        refused(llama().add("model.norm.weight", 1, 24), "expected shape [24]");
        refused(
                new TinyCheckpoint(Architecture.LLAMA, false, false, DType.F32)
                        .remove("lm_head.weight"),
                "expected tensor 'lm_head.weight'");
    }

    @Test
    void aTensorThatTheArchitectureDoesNotKnowIsRefused() {
        refused(
                llama().add("model.layers.0.self_attn.q_proj.bias", 32),
                "tensor 'model.layers.0.self_attn.q_proj.bias': expected no such tensor in a"
                        + " LlamaForCausalLM of this configuration; 1 in all are not used");
        refused(
                llama().add("model.layers.0.self_attn.q_norm.weight", 8),
                "tensor 'model.layers.0.self_attn.q_norm.weight'");
        refused(llama().add("model.layers.2.mlp.up_proj.weight", 20, 24), "model.layers.2.");
    }

    @Test
    void tensorsThatAreKnownToChangeNothingAreIgnored() {
        float[] plain;
        llama().write(folder);
        try (var runner = runner()) {
            plain = runner.step(Slice.of(new Timeline(0), 1, 2)).getFirst();
        }
        llama().add("model.layers.0.self_attn.rotary_emb.inv_freq", 4)
                .add("lm_head.weight", 40, 24)
                .add("value_head.weight", 1, 24)
                .write(folder);
        try (var runner = runner()) {
            assertThat(runner.step(Slice.of(new Timeline(0), 1, 2)).getFirst())
                    .containsExactly(plain);
        }
    }

    @Test
    void aCacheOfAnotherShapeIsRefused() {
        llama().write(folder);
        var config = HfConfig.read(folder);
        try (var device = new ReferenceDevice();
                var checkpoint = Checkpoint.open(folder)) {
            var cache = device.kvCache(new KvGeometry(1, 2, 8, 4, BLOCKS, DType.F32));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Models.load(checkpoint, config, device, LIMITS, cache))
                    .withMessageContaining("layers=2")
                    .withMessageContaining("layers=1");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"LLAMA", "QWEN3"})
    void theMemoryThatWasForetoldIsTheMemoryThatIsTaken(Architecture architecture) {
        new TinyCheckpoint(architecture, false, false, DType.F32).write(folder);
        var config = HfConfig.read(folder);
        try (var device = new ReferenceDevice();
                var checkpoint = Checkpoint.open(folder)) {
            var memory =
                    ModelMemory.of(
                            checkpoint,
                            config,
                            WeightLoading.AS_STORED,
                            device,
                            LIMITS,
                            4,
                            DType.BF16);
            var cache = device.kvCache(Models.kvGeometry(config, 4, BLOCKS, DType.BF16));
            assertThat(device.usedBytes()).isEqualTo(BLOCKS * memory.kvBytesPerBlock());
            Models.load(checkpoint, config, device, LIMITS, cache);
            for (int step = 0; step < ModelMemory.STEPS; step++) {
                int rows = LIMITS.maxLogitRows();
                Tensor.allocate(device, "logits", DType.F32, rows, config.vocabulary());
            }
            long rotations = DType.F32.bytes(config.headDim() / 2);
            long all = memory.fixedBytes() + BLOCKS * memory.kvBytesPerBlock();
            assertThat(device.usedBytes()).isEqualTo(all + rotations);
            assertThat(memory.blocksThatFit(all)).isEqualTo(BLOCKS);
            assertThat(memory.blocksThatFit(all - 1)).isEqualTo(BLOCKS - 1);
            assertThat(memory.blocksThatFit(0)).isZero();
        }
    }

    @Test
    void aMatrixThatCannotBeForetoldIsNamedWithItsFile() {
        llama().add("model.layers.0.self_attn.q_proj.weight", 24, 32).write(folder);
        try (var device = new ReferenceDevice();
                var checkpoint = Checkpoint.open(folder)) {
            assertThatThrownBy(() ->
                            ModelMemory.of(
                                    checkpoint,
                                    HfConfig.read(folder),
                                    WeightLoading.AS_STORED,
                                    device,
                                    LIMITS,
                                    4,
                                    DType.BF16))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(folder.toString())
                    .hasMessageContaining("self_attn.q_proj.weight")
                    .hasMessageContaining("expected rows of");
        }
    }

    private static TinyCheckpoint llama() {
        return new TinyCheckpoint(Architecture.LLAMA, true, false, DType.F32);
    }

    private static Slice chunk(Timeline timeline, Integer... tokens) {
        return new Slice(timeline, false, List.of(tokens));
    }

    private ModelRunner runner() {
        return new ModelRunner(folder, LIMITS, BLOCKS, DType.F32);
    }

    private void refused(TinyCheckpoint checkpoint, String problem) {
        checkpoint.write(folder);
        assertThatThrownBy(() -> runner().close())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(problem);
    }
}
