package dev.ingot.api.openai.wire;

import java.util.List;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/// What clients may ask for that is not done here and would change the answer: refused by name, never ignored.
/// A field that is in no list at all is ignored, as other servers of this API do.
///
/// @param field the member of the body
/// @param asks whether its value asks for what is not done; its neutral value does not
/// @param sentence what the client is told
record Unsupported(String field, Predicate<JsonNode> asks, String sentence) {
    private static final String NO_GRAMMAR = "is not supported: output cannot be constrained to a grammar";

    private static final List<Unsupported> COMMON =
            List.of(
                    new Unsupported("response_format", Unsupported::isNotText, "supports only {\"type\":\"text\"}"),
                    new Unsupported("structured_outputs", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("structural_tag", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("guided_json", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("guided_regex", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("guided_choice", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("guided_grammar", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("grammar", Unsupported::anything, NO_GRAMMAR),
                    new Unsupported("prompt_logprobs", Unsupported::anything, "is not supported"),
                    new Unsupported("use_beam_search", Unsupported::isTrue, "is not supported: tokens are sampled"),
                    new Unsupported("length_penalty", Unsupported::isNotOne, "is not supported: it belongs to beam search"),
                    new Unsupported("logits_processors", Unsupported::isNotEmpty, "is not supported"),
                    new Unsupported("allowed_token_ids", Unsupported::isNotEmpty, "is not supported; use logit_bias"),
                    new Unsupported("bad_words", Unsupported::isNotEmpty, "is not supported; use logit_bias"),
                    new Unsupported("truncate_prompt_tokens", Unsupported::anything, "is not supported: a prompt that is too long is refused"),
                    new Unsupported("prompt_embeds", Unsupported::anything, "is not supported; send text or token ids"));

    private static final List<Unsupported> CHAT =
            List.of(
                    new Unsupported("functions", Unsupported::anything, "is not supported; use tools"),
                    new Unsupported("function_call", Unsupported::anything, "is not supported; use tool_choice"),
                    new Unsupported("audio", Unsupported::anything, "is not supported: only text is produced"),
                    new Unsupported("modalities", Unsupported::isNotTextOnly, "supports only [\"text\"]"),
                    new Unsupported("prediction", Unsupported::anything, "is not supported"),
                    new Unsupported("web_search_options", Unsupported::anything, "is not supported"),
                    new Unsupported("documents", Unsupported::isNotEmpty, "is not supported; put them into a message"),
                    new Unsupported("chat_template", Unsupported::anything, "is not taken from requests: the model's own is used"),
                    new Unsupported("mm_processor_kwargs", Unsupported::isNotEmpty, "is not supported: only text is read"),
                    new Unsupported("echo", Unsupported::isTrue, "is not supported here; it belongs to /v1/completions"));

    private static final List<Unsupported> COMPLETION =
            List.of(new Unsupported("suffix", Unsupported::isNotEmptyText, "is not supported"));

    static void checkChat(Fields body) {
        check(body, COMMON);
        check(body, CHAT);
    }

    static void checkCompletion(Fields body) {
        check(body, COMMON);
        check(body, COMPLETION);
    }

    private static void check(Fields body, List<Unsupported> list) {
        for (var each : list) {
            JsonNode value = body.node(each.field);
            if (value != null && each.asks.test(value)) {
                throw Fields.bad(each.field, each.sentence);
            }
        }
    }

    private static boolean anything(JsonNode value) {
        return true;
    }

    private static boolean isTrue(JsonNode value) {
        return !value.isBoolean() || value.booleanValue();
    }

    private static boolean isNotEmpty(JsonNode value) {
        return !value.isContainer() || !value.isEmpty();
    }

    private static boolean isNotOne(JsonNode value) {
        return !value.isNumber() || value.doubleValue() != 1;
    }

    private static boolean isNotText(JsonNode format) {
        JsonNode type = format.get("type");
        return type == null || !type.isString() || !type.stringValue().equals("text");
    }

    private static boolean isNotTextOnly(JsonNode modalities) {
        return !modalities.isArray()
                || modalities.size() != 1
                || !modalities.get(0).isString()
                || !modalities.get(0).stringValue().equals("text");
    }

    private static boolean isNotEmptyText(JsonNode node) {
        return !node.isString() || !node.stringValue().isEmpty();
    }
}
