package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ingot.engine.model.ModelRunner.Slice;
import dev.ingot.engine.model.ModelRunner.Timeline;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.ReferenceOps;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.engine.weights.GgmlType;
import dev.ingot.engine.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The models against what others computed with the same checkpoints.
class GoldensTest {
    private static final int CHUNK = 5;
    private static final String GOLDENS = "it-tests/src/test/resources/goldens";

    @TempDir private Path temporary;

    /// A trained Llama of 260 thousand parameters; the truth is from two scalar programs that agree.
    @Test
    void stories260kIsToldWordForWord() throws IOException {
        var folder = find("shared/data/stories260K-hf");
        for (var story : json(folder.resolve("expected.json"))) {
            var name = story.get("prompt").stringValue();
            var greedy = integers(story.get("greedy_ids"));
            try (var runner = runner(folder, integers(story.get("prompt_ids")), greedy)) {
                var timeline = runner.timeline;
                float[] logits = runner.prefill(integers(story.get("prompt_ids")));
                int i = 0;
                for (var expected : story.get("first_logits")) {
                    assertThat((double) logits[i])
                            .as("'%s': logit %d after the prompt", name, i)
                            .isCloseTo(expected.doubleValue(), within(1e-3));
                    i++;
                }
                var told = new ArrayList<Integer>();
                for (int t = 0; t < greedy.size(); t++) {
                    told.add(ReferenceOps.argmax(logits));
                    logits = runner.runner.step(Slice.of(timeline, told.getLast())).getFirst();
                }
                assertThat(told).as("'%s'", name).isEqualTo(greedy);
            }
        }
    }

    /// The same model in GGUF, its query and key rows in the other order.
    @Test
    void stories260kIsToldWordForWordFromGguf() throws IOException {
        var file = find("shared/data/stories260K-gguf/stories260K-f32.gguf");
        for (var story : json(find("shared/data/stories260K-hf").resolve("expected.json"))) {
            var greedy = integers(story.get("greedy_ids"));
            try (var runner = runner(file, integers(story.get("prompt_ids")), greedy)) {
                float[] logits = runner.prefill(integers(story.get("prompt_ids")));
                var told = new ArrayList<Integer>();
                for (int t = 0; t < greedy.size(); t++) {
                    told.add(ReferenceOps.argmax(logits));
                    logits =
                            runner.runner
                                    .step(Slice.of(runner.timeline, told.getLast()))
                                    .getFirst();
                }
                assertThat(told).as("'%s'", story.get("prompt").stringValue()).isEqualTo(greedy);
            }
        }
    }

    @Test
    void stories260kQuantizedTo8BitsStaysNearTheLogits() throws IOException {
        var file = find("shared/data/stories260K-gguf/stories260K-q8_0.gguf");
        for (var story : json(find("shared/data/stories260K-hf").resolve("expected.json"))) {
            var prompt = integers(story.get("prompt_ids"));
            try (var runner = runner(file, prompt, List.of())) {
                float[] logits = runner.prefill(prompt);
                int i = 0;
                for (var expected : story.get("first_logits")) {
                    assertThat((double) logits[i])
                            .as("'%s': logit %d", story.get("prompt").stringValue(), i)
                            .isCloseTo(expected.doubleValue(), within(0.6));
                    i++;
                }
            }
        }
    }

    /// Tiny random models of every family, whose tokens and logprobs transformers computed.
    @ParameterizedTest
    @MethodSource("goldens")
    void tokensAndLogprobsAreThoseOfTransformers(String variant) throws IOException {
        var folder = find(GOLDENS).resolve(variant);
        requireGoldens(folder, json(folder.resolve("golden.json")));
    }

    /// The same models, written as llama.cpp's converter writes them.
    @ParameterizedTest
    @MethodSource("goldens")
    void theirTwinsInGgufGiveTheSame(String variant) throws IOException {
        var folder = find(GOLDENS).resolve(variant);
        assumeTrue(GgufTwin.exists(folder), "llama.cpp has no such models");
        // transformers windows some layers of Qwen2; GGUF has no key for which, and llama.cpp
        // windows none.
        assumeFalse(variant.equals("qwen2-window-yarn"), "not to be said in GGUF");
        var twin = temporary.resolve("model.gguf");
        GgufTwin.write(folder, twin, GgmlType.F32);
        requireGoldens(twin, json(folder.resolve("golden.json")));
    }

    /// Written as a model that also sees is: in a part of its configuration, under longer names, beside what reads images.
    @ParameterizedTest
    @CsvSource({
        "gemma3-quantizable, Gemma3ForConditionalGeneration, language_model.",
        "gemma3-quantizable, Gemma3ForConditionalGeneration, model.language_model.",
        "mistral-quantizable, Mistral3ForConditionalGeneration, language_model.",
    })
    void theLanguageModelOfOneThatAlsoSeesIsServed(String variant, String name, String prefix)
            throws IOException {
        var folder = find(GOLDENS).resolve(variant);
        var config = JsonMapper.shared().createObjectNode().put("model_type", "also_sees");
        config.putArray("architectures").add(name);
        config.set("text_config", json(folder.resolve("config.json")));
        config.putObject("vision_config");
        Files.writeString(temporary.resolve("config.json"), config.toString());
        var weights = new SafetensorsWriter();
        try (var checkpoint = Checkpoint.open(folder)) {
            for (var tensor : checkpoint.names().stream().sorted().toList()) {
                var longer =
                        prefix.startsWith("model.")
                                ? prefix + tensor.replaceFirst("^model\\.", "")
                                : prefix + tensor;
                var stored = checkpoint.tensor(tensor);
                var shape = stored.shape().stream().map(Math::toIntExact).toList();
                weights.add(longer, DType.F32, shape, stored.floats());
            }
        }
        weights.add("vision_tower.embedding.weight", DType.F32, List.of(2), 1, 2);
        weights.write(temporary.resolve("model.safetensors"));
        requireGoldens(temporary, json(folder.resolve("golden.json")));
    }

    @Test
    void aModelInSeveralGgufFilesIsOne() throws IOException {
        var folder = find(GOLDENS).resolve("llama-quantizable");
        var first = GgufTwin.split(folder, temporary, GgmlType.F32, 3);
        var golden = json(folder.resolve("golden.json"));
        requireGoldens(first, golden);
        var last = temporary.resolve("m-00003-of-00003.gguf");
        requireGoldens(last, golden); // any of them stands for all
        byte[] sound = Files.readAllBytes(last);

        Files.copy(first, last, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> requireGoldens(first, golden))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("m-00003-of-00003.gguf")
                .hasMessageContaining("'split.no': expected 2, found 0");

        Files.delete(last);
        assertThatThrownBy(() -> requireGoldens(first, golden))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("m-00003-of-00003.gguf: no such file");

        Files.write(temporary.resolve("m-00003-of-00004.gguf"), sound);
        assertThatThrownBy(() -> requireGoldens(temporary.resolve("m-00003-of-00004.gguf"), golden))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("m-00001-of-00004.gguf: no such file");
    }

    private static void requireGoldens(Path model, JsonNode golden) {
        assertThat(golden.get("goldens")).isNotEmpty();
        for (var prompt : golden.get("goldens")) {
            var promptIds = integers(prompt.get("prompt_token_ids"));
            var greedy = integers(prompt.get("token_ids"));
            var logprobs = prompt.get("logprobs");
            assertThat(greedy).isNotEmpty();
            try (var runner = runner(model, promptIds, greedy)) {
                float[] logits = runner.prefill(promptIds);
                for (int t = 0; t < greedy.size(); t++) {
                    int token = greedy.get(t);
                    assertThat(ReferenceOps.argmax(logits))
                            .as("%s: token %d after %s", model, t, promptIds)
                            .isEqualTo(token);
                    assertThat(logprob(logits, token))
                            .as("%s: logprob of token %d after %s", model, t, promptIds)
                            .isCloseTo(logprobs.get(t).doubleValue(), within(1e-3));
                    logits = runner.runner.step(Slice.of(runner.timeline, token)).getFirst();
                }
            }
        }
    }

    /// The folders that hold a golden; one that does not exist, and is skipped, where there is none.
    static List<String> goldens() throws IOException {
        var here = locate(GOLDENS);
        if (here.isEmpty()) {
            return List.of("none");
        }
        try (var folders = Files.list(here.get())) {
            return folders.filter(folder -> Files.exists(folder.resolve("golden.json")))
                    .map(folder -> String.valueOf(folder.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    /// One sequence in blocks that lie backwards.
    private record Run(ModelRunner runner, Timeline timeline) implements AutoCloseable {
        /// The prompt in chunks; the logits after it.
        float[] prefill(List<Integer> prompt) {
            List<float[]> logits = List.of();
            for (int from = 0; from < prompt.size(); from += CHUNK) {
                int to = Math.min(from + CHUNK, prompt.size());
                boolean last = to == prompt.size();
                logits = runner.step(new Slice(timeline, last, prompt.subList(from, to)));
            }
            return logits.getFirst();
        }

        @Override
        public void close() {
            runner.close();
        }
    }

    private static Run runner(Path folder, List<Integer> prompt, List<Integer> output) {
        int blocks = (prompt.size() + output.size()) / ModelRunner.BLOCK_SIZE + 1;
        int[] table = IntStream.range(0, blocks).map(i -> blocks - 1 - i).toArray();
        return new Run(
                new ModelRunner(folder, new StepLimits(CHUNK, 1), blocks, DType.F32),
                new Timeline(table));
    }

    private static double logprob(float[] logits, int token) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        return logits[token] - max - Math.log(sum);
    }

    private static List<Integer> integers(JsonNode array) {
        return array.valueStream().map(JsonNode::intValue).toList();
    }

    private static JsonNode json(Path file) throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(file));
    }

    /// What [#locate] finds; the test is skipped where there is none.
    private static Path find(String relative) {
        return locate(relative).orElseGet(() -> abort(relative + " is not at hand"));
    }

    /// A folder or file beside this module, or beside any folder that it lies in.
    private static Optional<Path> locate(String relative) {
        return Stream.iterate(Path.of("").toAbsolutePath(), Objects::nonNull, Path::getParent)
                .map(at -> at.resolve(relative))
                .filter(Files::exists)
                .findFirst();
    }
}
