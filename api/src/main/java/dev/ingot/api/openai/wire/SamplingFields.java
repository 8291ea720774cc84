package dev.ingot.api.openai.wire;

import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What both kinds of request say about how tokens are chosen and when they end; null is what the client left out.
///
/// @param topK 0 for all
/// @param logitBias token id to amount
public record SamplingFields(
        @Nullable Float temperature,
        @Nullable Integer topK,
        @Nullable Float topP,
        @Nullable Float minP,
        @Nullable Float repetitionPenalty,
        @Nullable Float presencePenalty,
        @Nullable Float frequencyPenalty,
        Map<Integer, Float> logitBias,
        @Nullable Long seed,
        List<String> stop,
        Tokens stopTokenIds,
        boolean ignoreEos,
        int minTokens,
        int n) {
    private static final int MAX_STOPS = 16;
    private static final int MAX_STOP_CHARS = 256;
    private static final int MAX_STOP_TOKENS = 256;
    private static final int MAX_BIASES = 1024;

    public SamplingFields {
        logitBias = Map.copyOf(logitBias);
        stop = List.copyOf(stop);
    }

    static SamplingFields read(Fields body, WireLimits limits) {
        Integer topK = body.integer("top_k", -1, Integer.MAX_VALUE);
        Integer minTokens = body.integer("min_tokens", 0, Integer.MAX_VALUE);
        Integer n = body.integer("n", 1, limits.maxChoicesPerPrompt());
        return new SamplingFields(
                body.number("temperature", t -> t >= 0 && t <= 100, "a number between 0 and 100"),
                topK == null ? null : (Integer) Math.max(0, topK),
                body.number("top_p", p -> p > 0 && p <= 1, "a number above 0 and at most 1"),
                body.number("min_p", p -> p >= 0 && p <= 1, "a number between 0 and 1"),
                body.number("repetition_penalty", p -> p > 0 && p <= 100, "a number above 0 and at most 100"),
                body.number("presence_penalty", p -> p >= -2 && p <= 2, "a number between -2 and 2"),
                body.number("frequency_penalty", p -> p >= -2 && p <= 2, "a number between -2 and 2"),
                biases(body),
                body.longInteger("seed", Long.MIN_VALUE, Long.MAX_VALUE),
                stops(body),
                stopTokens(body),
                body.bool("ignore_eos", false),
                minTokens == null ? 0 : minTokens,
                n == null ? 1 : n);
    }

    private static Map<Integer, Float> biases(Fields body) {
        Fields biases = body.object("logit_bias");
        if (biases == null) {
            return Map.of();
        }
        if (biases.size() > MAX_BIASES) {
            throw Fields.bad(
                    "logit_bias", "has " + biases.size() + " entries; at most " + MAX_BIASES + " are taken");
        }
        var read = new TreeMap<Integer, Float>();
        for (String key : biases.names()) {
            int token;
            try {
                token = Integer.parseInt(key);
            } catch (NumberFormatException _) {
                throw Fields.bad("logit_bias", "has a key that is not a token id");
            }
            Float amount =
                    biases.number(key, b -> b >= -100 && b <= 100, "a number between -100 and 100");
            if (amount != null) {
                read.put(token, amount);
            }
        }
        return read;
    }

    private static List<String> stops(Fields body) {
        JsonNode stop = body.node("stop");
        if (stop == null) {
            return List.of();
        }
        if (stop.isString()) {
            return List.of(stopString(stop, "stop"));
        }
        Fields.requireArray(stop, "stop", "a string or a list of strings", MAX_STOPS);
        var read = new ArrayList<String>();
        for (int i = 0; i < stop.size(); i++) {
            read.add(stopString(stop.get(i), "stop[" + i + "]"));
        }
        return read;
    }

    private static String stopString(JsonNode node, String name) {
        String expected = "a string of 1 to " + MAX_STOP_CHARS + " characters";
        if (!node.isString()) {
            throw Fields.wrong(name, expected, node);
        }
        String text = node.stringValue();
        if (text.isEmpty() || text.length() > MAX_STOP_CHARS) {
            throw Fields.bad(name, "must be " + expected + ", not one of " + text.length());
        }
        return text;
    }

    private static Tokens stopTokens(Fields body) {
        Tokens ids = body.tokenIds("stop_token_ids", MAX_STOP_TOKENS);
        return ids == null ? Tokens.NONE : ids;
    }
}
