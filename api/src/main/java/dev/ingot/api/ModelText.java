package dev.ingot.api;

import dev.ingot.api.Node.StartException;
import dev.ingot.api.openai.GenerationDefaults;
import dev.ingot.api.openai.ServedModel;
import dev.ingot.engine.files.ModelFiles;
import dev.ingot.engine.model.GenerationConfig;
import dev.ingot.engine.model.ModelConfig;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.ChatTemplate;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.engine.text.TokenizerException;
import dev.ingot.engine.weights.CheckpointException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;

/// Everything of a model but its weights: what requests are made with.
record ModelText(
        ModelConfig config,
        GenerationConfig generation,
        Tokenizer tokenizer,
        Optional<ChatTemplate> template,
        OutputFormat format) {
    /// @throws StartException naming the file that is missing or damaged
    static ModelText load(Path model, ChatSettings chat) throws StartException {
        try {
            var files = ModelFiles.at(model);
            var tokenizer = files.tokenizer();
            var clock = Clock.system(ZoneId.systemDefault());
            var template =
                    chat.template()
                            .map(source -> files.template(source, tokenizer, clock))
                            .or(() -> files.template(tokenizer, clock));
            return new ModelText(
                    files.config(),
                    files.generation(),
                    tokenizer,
                    template,
                    chat.format(template.map(ChatTemplate::format).orElse(OutputFormat.PLAIN)));
        } catch (CheckpointException | TokenizerException e) {
            throw new StartException(String.valueOf(e.getMessage()));
        }
    }

    /// As requests see it.
    ///
    /// @param names that requests may use
    ServedModel served(List<String> names, int maxModelLength, int vocabulary) {
        var eos =
                generation.eosTokenIds().isEmpty()
                        ? config.eosTokenIds()
                        : generation.eosTokenIds();
        var neutral = GenerationDefaults.NEUTRAL;
        var defaults =
                new GenerationDefaults(
                        (float) generation.temperature().orElse(neutral.temperature()),
                        generation.topK().orElse(neutral.topK()),
                        (float) generation.topP().orElse(neutral.topP()),
                        (float) generation.minP().orElse(neutral.minP()),
                        (float) generation.repetitionPenalty().orElse(neutral.repetitionPenalty()));
        return new ServedModel(
                names,
                InstantSource.system().instant().getEpochSecond(),
                maxModelLength,
                vocabulary,
                tokenizer,
                template,
                format,
                defaults,
                Tokens.of(eos.stream().mapToInt(Integer::intValue).toArray()));
    }
}
