package dev.ingot.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GgufFileTest {
    @TempDir private Path folder;

    @Test
    void givesValuesAndTensorsWithTheOutermostDimensionFirst() {
        try (var arena = Arena.ofConfined()) {
            var file = open(sample().bytes(), arena);
            assertThat(file.metadata().string("general.architecture")).isEqualTo("llama");
            assertThat(file.metadata().integer("a.count", 1, 10)).isEqualTo(7);
            assertThat(file.metadata().optionalNumber("a.float")).hasValue(0.5);
            assertThat(file.metadata().strings("a.strings", 10, 10)).containsExactly("x", "", "yz");
            assertThat(file.metadata().integers("a.ints", -5, 5)).containsExactly(-1, 2);
            assertThat(file.names()).containsExactly("w", "q");
            assertThat(file.tensor("w").shape()).isEqualTo(List.of(2L, 3L));
            assertThat(file.tensor("w").floats()).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(file.tensor("q").floats()).hasSize(32).contains(-6f, 3f);
            assertThat(file.bytes("q")).isEqualTo(34);
        }
    }

    @Test
    void refusesEveryTruncation() {
        byte[] whole = sample().bytes();
        int needed = whole.length - 32 + 34 % 32; // behind the last tensor there is only padding
        try (var arena = Arena.ofConfined()) {
            for (int length = 0; length < needed; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                assertThatThrownBy(() -> open(cut, arena))
                        .as("%d of %d bytes", length, whole.length)
                        .isInstanceOf(CheckpointException.class)
                        .hasMessageContaining("m.gguf");
            }
        }
    }

    @Test
    void refusesCountsThatTheFileCannotHold() {
        byte[] tensors = sample().bytes();
        ByteBuffer.wrap(tensors).order(ByteOrder.LITTLE_ENDIAN).putLong(8, 1_000_000);
        refused(tensors, "number of tensors", "found 1000000");
        byte[] pairs = sample().bytes();
        ByteBuffer.wrap(pairs).order(ByteOrder.LITTLE_ENDIAN).putLong(16, -1);
        refused(pairs, "number of keys", "18446744073709551615");
    }

    @Test
    void refusesATensorThatOverlapsAnotherOne() {
        byte[] bytes = sample().bytes();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(offsetOfQ(bytes), 0);
        refused(bytes, "tensor 'q'", "'w' ends");
    }

    @Test
    void refusesAnOffsetThatIsNotAligned() {
        byte[] bytes = sample().bytes();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(offsetOfQ(bytes), 33);
        refused(bytes, "tensor 'q'", "multiple of 32, found 33");
    }

    @Test
    void refusesRowsThatAreNoWholeBlocks() {
        refused(
                new GgufWriter().tensor("w", GgmlType.Q4_0.id(), new byte[18], 31).bytes(),
                "tensor 'w'",
                "multiple of 32");
    }

    @Test
    void refusesAShapeWhoseSizeOverflows() {
        refused(
                new GgufWriter().tensor("w", 0, new byte[32], 1L << 32, 1L << 32).bytes(),
                "tensor 'w'",
                "a shape that fits a file");
    }

    @Test
    void namesTheTypeThatIsFoundInsteadOfTheExpectedOne() {
        try (var arena = Arena.ofConfined()) {
            var metadata = open(sample().bytes(), arena).metadata();
            assertThatThrownBy(() -> metadata.string("a.count"))
                    .hasMessage(
                            "m.gguf: key 'a.count': expected a string, found a value of type U32");
            assertThatThrownBy(() -> metadata.integer("absent", 0, 1))
                    .hasMessageContaining("key 'absent': expected an integer, found no such key");
            assertThatThrownBy(() -> metadata.integer("a.count", 0, 6))
                    .hasMessageContaining("from 0 to 6, found 7");
        }
    }

    @Test
    void opensAllPartsOfASplitModelByAnyOfThem() throws IOException {
        part(1).put("split.tensors.count", 2).tensor("a", 0, new byte[4], 1).write(path(1));
        part(2).tensor("b", 0, new byte[4], 1).write(path(2));
        try (var arena = Arena.ofConfined()) {
            var files = GgufFiles.open(path(2), arena);
            assertThat(files.files()).hasSize(2);
            assertThat(files.holding("a")).hasValue(files.files().get(0));
            assertThat(files.holding("b")).hasValue(files.files().get(1));
            Files.delete(path(2));
            assertThatThrownBy(() -> GgufFiles.open(path(1), arena))
                    .hasMessageContaining("m-00002-of-00002.gguf: no such file");
        }
    }

    private static GgufWriter part(int number) {
        return new GgufWriter().put("split.no", number - 1).put("split.count", 2);
    }

    private Path path(int number) {
        return folder.resolve("m-0000" + number + "-of-00002.gguf");
    }

    private static void refused(byte[] bytes, String... parts) {
        try (var arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> open(bytes, arena))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContainingAll(parts);
        }
    }

    private static int offsetOfQ(byte[] bytes) {
        for (int i = 0; i + 9 < bytes.length; i++) {
            if (bytes[i] == 1 && bytes[i + 8] == 'q') {
                return i + 9 + 4 + 8 + 4;
            }
        }
        throw new AssertionError();
    }

    private static GgufFile open(byte[] bytes, Arena arena) {
        var segment = arena.allocate(Math.max(bytes.length, 1)).asSlice(0, bytes.length);
        segment.copyFrom(MemorySegment.ofArray(bytes));
        return GgufFile.parse(Path.of("m.gguf"), segment);
    }

    private static GgufWriter sample() {
        var floats = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 6; i++) {
            floats.putFloat(i);
        }
        byte[] q8 = new byte[34];
        ByteBuffer.wrap(q8).order(ByteOrder.LITTLE_ENDIAN).putShort(Float.floatToFloat16(1.5f));
        q8[2] = -4;
        q8[33] = 2;
        return new GgufWriter()
                .put("general.architecture", "llama")
                .put("a.count", 7)
                .put("a.float", 0.5f)
                .strings("a.strings", List.of("x", "", "yz"))
                .ints("a.ints", -1, 2)
                .tensor("w", GgmlType.F32.id(), floats.array(), 3, 2)
                .tensor("q", GgmlType.Q8_0.id(), q8, 32);
    }
}
