package dev.ingot.engine.weights;

import static dev.ingot.engine.weights.SafetensorsWriter.cut;
import static dev.ingot.engine.weights.SafetensorsWriter.entry;
import static dev.ingot.engine.weights.SafetensorsWriter.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
    private final Arena arena = Arena.ofShared();

    @TempDir private Path folder;

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void readsTheThreeTypesOfWeightsInPlace() throws IOException {
        var file =
                open(
                        new SafetensorsWriter()
                                .add("a", DType.F16, List.of(1), 0.5f)
                                .add("b", DType.F32, List.of(2, 1), 1.25f, -3f)
                                .add("c", DType.BF16, List.of(2), 2f, -0.5f)
                                .bytes());
        assertThat(file.names()).containsExactly("a", "b", "c");
        assertThat(file.tensor("a").floats()).containsExactly(0.5f);
        assertThat(file.tensor("b").shape()).containsExactly(2L, 1L);
        assertThat(file.tensor("b").floats()).containsExactly(1.25f, -3f);
        assertThat(file.tensor("c").floats()).containsExactly(2f, -0.5f);
        assertThat(file.bytes("b")).isEqualTo(8);
    }

    @Test
    void readsAScalarAnEmptyTensorMetadataAndPadding() throws IOException {
        var header =
                "{\"__metadata__\":{\"format\":\"pt\"},"
                        + entry("scalar", "F32", "[]", "[0,4]")
                        + ","
                        + entry("none", "F32", "[0,7]", "[4,4]")
                        + "}     ";
        var file = open(file(header, new byte[4]));
        assertThat(file.names()).containsExactly("scalar", "none");
        assertThat(file.tensor("scalar").floats()).containsExactly(0f);
        assertThat(file.tensor("none").floats()).isEmpty();
    }

    @Test
    void aTensorOfAnotherTypeIsRefusedOnlyWhenItIsAskedFor() throws IOException {
        var file =
                open(
                        new SafetensorsWriter()
                                .addRaw("ids", "I64", "[1]", new byte[8])
                                .addRaw("new", "F2_E1M0", "[3]", new byte[1])
                                .add("w", DType.F32, List.of(1), 7f)
                                .bytes());
        assertThat(file.tensor("w").floats()).containsExactly(7f);
        assertThatThrownBy(() -> file.tensor("ids"))
                .hasMessageEndingWith("tensor 'ids': expected dtype F32, F16 or BF16, found I64");
        assertThatThrownBy(() -> file.tensor("new")).hasMessageEndingWith("found F2_E1M0");
        assertThatThrownBy(() -> file.tensor("other")).hasMessageEndingWith("no tensor 'other'");
    }

    @Test
    void aFileThatIsMissingOrTooShortForALengthIsRefused() {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("absent"), arena))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("absent: no such file");
        refused(new byte[0], "bytes 0 to 7: expected the length of a header, found a file of 0");
        refused(new byte[7], "found a file of 7");
    }

    @Test
    void aHeaderLengthThatLiesIsRefusedBeforeAnythingIsRead() {
        refused(file(Long.MIN_VALUE, "{}", new byte[0]), "found a length of 9223372036854775808");
        refused(file(-1, "{}", new byte[0]), "found a length of 18446744073709551615");
        refused(file(25_000_001, "{}", new byte[0]), "found a length of 25000001");
        refused(
                file(3, "{}", new byte[0]),
                "bytes 0 to 7: expected a header of 3 bytes behind its length, found 2: truncated");
        refused(file(1, "{}", new byte[0]), "not valid JSON");
        refused(file(0, "{}", new byte[0]), "begins with '{', found nothing");
    }

    @Test
    void everyTruncationOfAFileIsRefused() {
        byte[] whole =
                new SafetensorsWriter()
                        .add("a", DType.F32, List.of(2), 1f, 2f)
                        .add("b", DType.F16, List.of(1), 3f)
                        .bytes();
        for (int count = 0; count < whole.length; count++) {
            int bytes = count;
            assertThatThrownBy(() -> open(cut(whole, bytes)))
                    .as("%d of %d bytes", count, whole.length)
                    .isInstanceOf(CheckpointException.class);
        }
        refused(cut(whole, whole.length - 1), "tensor 'b': expected data up to byte 10, found 9");
        refused(
                cut(whole, whole.length + 1),
                "byte 10 of the data: expected its end as the header says, found 11");
    }

    @Test
    void aHeaderThatIsNoJsonObjectIsRefused() {
        refused(file("[]", new byte[0]), "begins with '{', found '[]'");
        refused(file("{\"a\":", new byte[0]), "(in the header): the header is not valid JSON");
        refused(file("{} x", new byte[0]), "byte 11 (in the header): the header is not valid JSON");
        refused(file("{}{}", new byte[0]), "expected the end of the header");
        refused(file("{\"a\":1}", new byte[0]), "tensor 'a': expected an object");
        refused(file("{\"a\":{\"dtype\":" + "[".repeat(100_000), new byte[0]), "tensor 'a'");
        refused(file("{\"a\":{\"x\":" + "[".repeat(100_000), new byte[0]), "not valid JSON");
    }

    @Test
    void anEntryThatIsIncompleteOrOfTheWrongKindIsRefused() {
        refused(file("{\"a\":{\"dtype\":\"F32\"}}", new byte[0]), "found not all of them");
        refusedEntry("F32", "1", "[0,4]", "expected shape to be an array");
        refusedEntry("F32", "[1.0]", "[0,4]", "expected integers in shape");
        refusedEntry("F32", "[\"1\"]", "[0,4]", "expected integers in shape");
        refusedEntry("F32", "[-1]", "[0,4]", "expected no negative number in shape, found -1");
        refusedEntry("F32", "[1]", "[0]", "expected data_offsets [begin, end], found [0]");
        refusedEntry("F32", "[1]", "[0,4,8]", "found [0, 4, 8]");
        refusedEntry("F32", "[1]", "[4,0]", "found [4, 0]");
        refusedEntry("F32", "[1]", "[-4,0]", "expected no negative number in data_offsets");
        refusedEntry("F32", "[1]", "[0,99999999999999999999]", "not valid JSON");
        refusedEntry("F32", "[" + "1,".repeat(16) + "1]", "[0,4]", "expected at most 16 numbers");
        refused(
                file("{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", new byte[4]),
                "expected dtype to be a string");
    }

    @Test
    void aShapeThatDoesNotMatchItsBytesOrOverflowsIsRefused() {
        refusedEntry("F32", "[2]", "[0,4]", "expected 8 bytes for F32[2], found 4");
        refusedEntry("BF16", "[1]", "[0,4]", "expected 2 bytes for BF16[1], found 4");
        refusedEntry("F4", "[9]", "[0,4]", "found 4");
        refusedEntry("F32", "[4611686018427387904]", "[0,4]", "expected a shape that fits a file");
        refusedEntry(
                "F32", "[4294967296,4294967296]", "[0,0]", "expected a shape that fits a file");
    }

    @Test
    void tensorsThatOverlapOrLeaveAHoleAreRefused() {
        var first = entry("a", "F32", "[1]", "[0,4]");
        refused(
                file("{" + first + "," + entry("b", "F32", "[1]", "[2,6]") + "}", new byte[6]),
                "tensor 'b': expected to begin at byte 4 of the data, where the one before it ends,"
                        + " found 2");
        refused(
                file("{" + first + "," + entry("b", "F32", "[1]", "[0,4]") + "}", new byte[4]),
                "tensor 'b': expected to begin at byte 4");
        refused(
                file("{" + first + "," + entry("b", "F32", "[1]", "[8,12]") + "}", new byte[12]),
                "tensor 'b': expected to begin at byte 4");
        refused(file("{" + first + "," + first + "}", new byte[4]), "tensor 'a': expected once");
    }

    /// A changed byte of the header may leave a sound file; it must then be
    /// readable to its last byte. Otherwise it is refused by the one exception that there is for it.
    @Test
    void aMutatedHeaderIsReadSoundlyOrRefused() throws IOException {
        byte[] whole =
                new SafetensorsWriter()
                        .add("model.norm.weight", DType.F32, List.of(2), 1f, 2f)
                        .add("lm_head.weight", DType.BF16, List.of(2, 2), 1f, 2f, 3f, 4f)
                        .addRaw("ids", "I64", "[1]", new byte[8])
                        .bytes();
        int headerEnd = whole.length - 24;
        int refused = 0;
        for (int seed = 0; seed < 4000; seed++) {
            var random = new Random(seed);
            byte[] mutated = whole.clone();
            for (int i = random.nextInt(1, 5); i > 0; i--) {
                int at = random.nextInt(headerEnd);
                switch (random.nextInt(3)) {
                    case 0 -> mutated[at] = (byte) random.nextInt(256);
                    case 1 ->
                            mutated[at] = (byte) "0123456789-{}[],:\"e".charAt(random.nextInt(19));
                    default -> System.arraycopy(mutated, random.nextInt(headerEnd), mutated, at, 1);
                }
            }
            try (var own = Arena.ofConfined()) {
                var path = Files.write(folder.resolve("mutated"), mutated);
                var file = SafetensorsFile.open(path, own);
                for (var name : file.names()) {
                    try {
                        file.tensor(name).floats();
                    } catch (CheckpointException e) {
                        assertThat(e).hasMessageContaining("expected dtype");
                    }
                }
            } catch (CheckpointException e) {
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(refused).isBetween(1000, 3999);
    }

    private void refusedEntry(String dtype, String shape, String offsets, String problem) {
        refused(file("{" + entry("a", dtype, shape, offsets) + "}", new byte[4]), problem);
    }

    private void refused(byte[] file, String problem) {
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("test.safetensors: ")
                .hasMessageContaining(problem);
    }

    private SafetensorsFile open(byte[] bytes) throws IOException {
        // A mapped file must not be rewritten under its mapping, so each one is new.
        var path = Files.createTempDirectory(folder, "case").resolve("test.safetensors");
        return SafetensorsFile.open(Files.write(path, bytes), arena);
    }
}
