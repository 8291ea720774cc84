package dev.ingot.engine.model;

import dev.ingot.engine.model.ModelRunner.Slice;
import dev.ingot.engine.model.ModelRunner.Timeline;
import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// What a model on a device gives a golden's tokens.
public final class GoldenLogprobs {
    private GoldenLogprobs() {}

    /// The log probability of each of a golden's tokens after the prompt and the tokens before it.
    ///
    /// @param device closed with this
    /// @param golden `prompt_token_ids` and `token_ids`
    public static double[] of(Path model, Device device, WeightLoading loading, JsonNode golden) {
        var prompt = integers(golden.get("prompt_token_ids"));
        var output = integers(golden.get("token_ids"));
        int blocks = (prompt.size() + output.size()) / ModelRunner.BLOCK_SIZE + 1;
        var limits = new StepLimits(prompt.size(), 1);
        try (var runner = new ModelRunner(model, device, loading, limits, blocks, DType.F32)) {
            var timeline = new Timeline(IntStream.range(0, blocks).toArray());
            double[] logprobs = new double[output.size()];
            float[] logits = runner.step(new Slice(timeline, true, prompt)).getFirst();
            for (int t = 0; t < logprobs.length; t++) {
                logprobs[t] = logprob(logits, output.get(t));
                logits = runner.step(Slice.of(timeline, output.get(t))).getFirst();
            }
            return logprobs;
        }
    }

    private static double logprob(float[] logits, int token) {
        double max =
                IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).max().orElseThrow();
        double sum =
                IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i] - max)).sum();
        return logits[token] - max - Math.log(sum);
    }

    private static List<Integer> integers(JsonNode array) {
        return array.valueStream().map(JsonNode::intValue).toList();
    }
}
