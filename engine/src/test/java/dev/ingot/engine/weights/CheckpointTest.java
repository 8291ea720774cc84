package dev.ingot.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.ops.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir private Path folder;

    @Test
    void findsTensorsInASingleFile() throws IOException {
        config();
        weights("model.safetensors", "a", "b");
        try (var checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.names()).containsExactlyInAnyOrder("a", "b");
            assertThat(checkpoint.has("b")).isTrue();
            assertThat(checkpoint.has("c")).isFalse();
            assertThat(checkpoint.tensor("b", 2).floats()).containsExactly(1f, 2f);
            assertThat(checkpoint.totalBytes()).isEqualTo(16);
            assertThat(checkpoint.files()).containsExactly(folder.resolve("model.safetensors"));
        }
    }

    @Test
    void findsEachTensorInTheShardThatTheIndexNames() throws IOException {
        config();
        weights("model-1.safetensors", "a");
        weights("model-2.safetensors", "b", "c");
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"");
        try (var checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.names()).containsExactlyInAnyOrder("a", "b");
            assertThat(checkpoint.tensor("a").floats()).containsExactly(1f, 2f);
            assertThat(checkpoint.files()).hasSize(2);
            assertThat(checkpoint.totalBytes()).isEqualTo(16);
        }
    }

    @Test
    void saysWhichFilesItExpected() throws IOException {
        refused(
                folder.resolve("absent"),
                "expected a folder with config.json and model.safetensors or"
                        + " model.safetensors.index.json, found no folder");
        refused(folder, "found no config.json");
        config();
        refused(
                folder,
                "expected model.safetensors or model.safetensors.index.json, found neither");
    }

    @Test
    void aMissingShardOrTensorIsNamed() throws IOException {
        config();
        weights("model-1.safetensors", "a");
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"");
        refused(folder, "model-2.safetensors: no such file");
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\"");
        refused(
                folder,
                "field 'weight_map.b': expected this tensor in model-1.safetensors, found no such"
                        + " tensor");
    }

    @Test
    void anIndexThatLeavesTheFolderIsRefused() throws IOException {
        config();
        var outside = Files.createDirectory(folder.resolve("sub"));
        weights("sub/model.safetensors", "a");
        for (var path :
                List.of(
                        "sub/model.safetensors",
                        "../" + folder.getFileName() + "/sub/model.safetensors",
                        outside.resolve("model.safetensors").toString(),
                        "..",
                        "",
                        "sub\\\\model.safetensors",
                        "config.json")) {
            index("\"a\":\"" + path + "\"");
            refused(folder, "field 'weight_map.a': expected the plain name of a .safetensors file");
        }
        index("\"a\":null");
        refused(folder, "expected the plain name of a .safetensors file");
        index("\"a\":7");
        refused(folder, "field 'weight_map.a': expected a string, found 7");
    }

    @Test
    void aDamagedIndexIsNamed() throws IOException {
        config();
        var index = folder.resolve("model.safetensors.index.json");
        Files.writeString(index, "{}");
        refused(folder, "index.json: field 'weight_map': expected an object, found no such field");
        Files.writeString(index, "{\"weight_map\":[]}");
        refused(folder, "field 'weight_map': expected an object, found []");
        Files.writeString(index, "nonsense");
        refused(folder, "index.json: is not valid JSON");
        index("\"a\":\"x.safetensors\",\"a\":\"y.safetensors\"");
        refused(folder, "is not valid JSON: Duplicate");
    }

    @Test
    void aTensorOfAnotherShapeOrNameIsRefusedWithItsFile() throws IOException {
        config();
        weights("model.safetensors", "a");
        try (var checkpoint = Checkpoint.open(folder)) {
            assertThatThrownBy(() -> checkpoint.tensor("a", 1, 2))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageEndingWith(
                            "model.safetensors: tensor 'a': expected shape [1, 2] after the configuration,"
                                    + " found [2]");
            assertThatThrownBy(() -> checkpoint.tensor("b", 2))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageEndingWith(
                            "expected tensor 'b', found no such tensor in model.safetensors");
        }
    }

    @Test
    void aTensorCannotBeReadAfterTheCheckpointIsClosed() throws IOException {
        config();
        weights("model.safetensors", "a");
        var checkpoint = Checkpoint.open(folder);
        var tensor = checkpoint.tensor("a");
        checkpoint.close();
        assertThatThrownBy(tensor::floats).isInstanceOf(IllegalStateException.class);
    }

    private static void refused(Path folder, String problem) {
        assertThatThrownBy(() -> Checkpoint.open(folder).close())
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(problem);
    }

    private void config() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{}");
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\":{},\"weight_map\":{" + weightMap + "}}");
    }

    private void weights(String file, String... names) {
        var writer = new SafetensorsWriter();
        for (var name : names) {
            writer.add(name, DType.F32, List.of(2), 1f, 2f);
        }
        writer.write(folder.resolve(file));
    }
}
