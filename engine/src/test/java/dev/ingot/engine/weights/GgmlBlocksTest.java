package dev.ingot.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.json.JsonMapper;

final class GgmlBlocksTest {
    @TestFactory
    Stream<DynamicTest> givesTheValuesThatGgmlGives() {
        var goldens = SharedData.path("ggml_dequant.json");
        var cases = JsonMapper.shared().readTree(goldens.toFile());
        return cases.valueStream()
                .map(each ->
                        DynamicTest.dynamicTest(
                                each.get("type").asString(),
                                () -> {
                                    var type =
                                            GgmlType.ofId(each.get("ggml_type").asInt())
                                                    .orElseThrow();
                                    assertThat(type.blockElements())
                                            .isEqualTo(each.get("block_elements").asInt());
                                    assertThat(type.blockBytes())
                                            .isEqualTo(each.get("block_bytes").asInt());
                                    byte[] bytes =
                                            HexFormat.of().parseHex(each.get("hex").asString());
                                    var data = MemorySegment.ofArray(bytes);
                                    float[] block = new float[type.blockElements()];
                                    var expected = each.get("floats");
                                    for (int i = 0; i < expected.size(); i++) {
                                        if (i % block.length == 0) {
                                            GgmlBlocks.decode(type, data, type.bytes(i), block);
                                        }
                                        double value = expected.get(i).asDouble();
                                        assertThat((double) block[i % block.length])
                                                .as("element %d", i)
                                                .isCloseTo(
                                                        value,
                                                        offset(1e-7 + 1e-6 * Math.abs(value)));
                                    }
                                }));
    }

    @Test
    void refusesValuesThatF16CannotHold() {
        byte[] bytes = new byte[34];
        MemorySegment.ofArray(bytes)
                .set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, Float.floatToFloat16(60000));
        bytes[2] = 127;
        var blocks =
                new GgufFile.Blocks(
                        "w", GgmlType.Q8_0, List.of(1L, 32L), MemorySegment.ofArray(bytes));
        assertThatThrownBy(() -> GgmlBlocks.toF16(Path.of("m.gguf"), blocks))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("m.gguf: tensor 'w'")
                .hasMessageContaining("65504");
    }
}
