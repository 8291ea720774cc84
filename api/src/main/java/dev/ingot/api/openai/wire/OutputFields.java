package dev.ingot.api.openai.wire;

/// How the answer is to be written, whichever kind it is.
///
/// @param includeUsage whether a stream ends with a chunk that carries the usage
/// @param continuousUsage whether every chunk of the stream carries the usage so far
/// @param returnTokenIds whether token ids are written beside the text
/// @param tokensAsIds whether log probabilities name tokens as `token_id:17`
public record OutputFields(
        boolean stream,
        boolean includeUsage,
        boolean continuousUsage,
        boolean returnTokenIds,
        boolean tokensAsIds,
        boolean skipSpecialTokens,
        boolean includeStopString) {
    static OutputFields read(Fields body) {
        boolean stream = body.bool("stream", false);
        Fields options = body.object("stream_options");
        if (options != null && !stream) {
            throw Fields.bad("stream_options", "is only allowed when `stream` is true");
        }
        return new OutputFields(
                stream,
                options != null && options.bool("include_usage", false),
                options != null && options.bool("continuous_usage_stats", false),
                body.bool("return_token_ids", false),
                body.bool("return_tokens_as_token_ids", false),
                body.bool("skip_special_tokens", true),
                body.bool("include_stop_str_in_output", false));
    }
}
