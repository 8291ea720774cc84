package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.engine.text.Tokenizer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The model behind this server, as far as requests are made for it.
///
/// @param names what clients may call it; answers carry the name that was used, or the first
/// @param createdSeconds when it was loaded, in seconds since 1970
/// @param maxModelLength prompt and output tokens of one sequence together
/// @param vocabulary token ids are in `[0, vocabulary)`
/// @param chatTemplate empty for a model that knows no conversations
/// @param outputFormat how the model writes what it thinks and calls
/// @param defaults used where a client leaves a field out
/// @param eosTokenIds end the output unless the client wants them ignored
public record ServedModel(
        List<String> names,
        long createdSeconds,
        int maxModelLength,
        int vocabulary,
        Tokenizer tokenizer,
        Optional<ChatTemplate> chatTemplate,
        OutputFormat outputFormat,
        GenerationDefaults defaults,
        Tokens eosTokenIds) {
    public ServedModel {
        names = List.copyOf(names);
        if (names.isEmpty()) {
            throw new IllegalArgumentException("a served model has at least one name");
        }
        if (maxModelLength < 2 || vocabulary < 1) {
            throw new IllegalArgumentException(
                    "no room for a prompt and an output: "
                            + maxModelLength
                            + " tokens of "
                            + vocabulary);
        }
    }

    /// The name that an answer carries when the client asked for `asked`, or for nothing in particular.
    ///
    /// @throws ApiException 404 where the model has no such name
    String nameFor(@Nullable String asked) {
        if (asked == null) {
            return names.getFirst();
        }
        if (!names.contains(asked)) {
            throw new ApiException(ApiError.modelNotFound(asked));
        }
        return asked;
    }
}
