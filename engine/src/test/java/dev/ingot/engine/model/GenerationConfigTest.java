package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationConfigTest {
    @TempDir private Path folder;

    @Test
    void aFolderWithoutOneSaysNothing() {
        assertThat(GenerationConfig.read(folder)).isEqualTo(GenerationConfig.NONE);
    }

    @Test
    void everyDefaultIsRead() throws IOException {
        var config =
                read(
                        """
                        {"eos_token_id": [151645, 151643], "bos_token_id": 151643, "pad_token_id": 0,
                         "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": 0.0,
                         "repetition_penalty": 1.05, "do_sample": true, "max_new_tokens": 2048,
                         "transformers_version": "4.51.0"}
                        """);
        assertThat(config.eosTokenIds()).containsExactly(151645, 151643);
        assertThat(config.bosTokenId()).hasValue(151643);
        assertThat(config.padTokenId()).hasValue(0);
        assertThat(config.temperature()).hasValue(0.6);
        assertThat(config.topK()).hasValue(20);
        assertThat(config.topP()).hasValue(0.95);
        assertThat(config.minP()).hasValue(0);
        assertThat(config.repetitionPenalty()).hasValue(1.05);
        assertThat(config.doSample()).contains(true);
        assertThat(config.maxNewTokens()).hasValue(2048);
    }

    @Test
    void oneEndOfSequenceIsAListOfOneAndNullIsAbsent() throws IOException {
        var config = read("{\"eos_token_id\": 2, \"top_p\": null, \"top_k\": -1}");
        assertThat(config.eosTokenIds()).containsExactly(2);
        assertThat(config.topP()).isEmpty();
        assertThat(config.topK()).hasValue(0);
    }

    @Test
    void aValueOutOfItsRangeIsNamed() {
        refused("{\"temperature\": -1}", "field 'temperature': expected a number at least 0");
        refused(
                "{\"top_p\": 0}",
                "field 'top_p': expected a number above 0 and at most 1, found 0");
        refused("{\"min_p\": 1.5}", "field 'min_p'");
        refused("{\"repetition_penalty\": 0}", "field 'repetition_penalty'");
        refused("{\"top_k\": 1.5}", "field 'top_k': expected an integer");
        refused("{\"max_new_tokens\": 0}", "field 'max_new_tokens'");
        refused(
                "{\"do_sample\": \"yes\"}",
                "field 'do_sample': expected true or false, found \"yes\"");
        refused("[]", "expected a JSON object, found []");
        refused("", "expected a JSON object, found an empty file");
    }

    private void refused(String json, String problem) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("generation_config.json: ")
                .hasMessageContaining(problem);
    }

    private GenerationConfig read(String json) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), json);
        return GenerationConfig.read(folder);
    }
}
