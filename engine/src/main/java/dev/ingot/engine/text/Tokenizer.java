package dev.ingot.engine.text;

import dev.ingot.engine.sequence.Tokens;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Turns text into a model's tokens and back, as its `tokenizer.json` says.
///
/// Safe from any thread. A call costs about a millisecond per thousand tokens and holds its (virtual) thread's carrier
/// meanwhile, so long prompts belong on a pool of their own.
///
/// Only offsets into the vocabulary are checked here: an id beyond it has no text, as with models whose embedding is
/// padded to a round size.
public final class Tokenizer implements AutoCloseable {
    private final TokenizerSource source;
    private final NativeTokenizer whole;
    private final Vocabulary vocabulary;
    private final ControlTokens controls;
    private final TokenizerConfig config;
    private final boolean addsBos;

    private final Object literalLock = new Object();
    private @Nullable Literal literal;

    /// Tokenizers that read no control token: for a text's beginning and for what follows a control token.
    private record Literal(NativeTokenizer first, NativeTokenizer next) {}

    private Tokenizer(TokenizerSource source, NativeTokenizer whole, Vocabulary vocabulary) {
        this.source = source;
        this.whole = whole;
        this.vocabulary = vocabulary;
        this.controls = new ControlTokens(vocabulary);
        this.config = source.config();
        this.addsBos =
                config.addsBos().orElseGet(() -> beginsWithBos(whole.encode("", true)))
                        && bosTokenId().isPresent();
    }

    /// Reads the tokenizer of a model folder: `tokenizer.json`, else `tekken.json`, `tokenizer.model` or `qwen.tiktoken`;
    /// and, where they are there, `tokenizer_config.json` and `special_tokens_map.json`.
    ///
    /// @throws TokenizerException naming the file and what is wrong with it
    public static Tokenizer load(Path folder) {
        return load(TokenizerSource.of(folder));
    }

    /// Reads the vocabulary of a GGUF file.
    ///
    /// @throws TokenizerException naming the file, the key and what is wrong with it
    public static Tokenizer loadGguf(Path file) {
        return load(new GgufVocabulary(file));
    }

    private static Tokenizer load(TokenizerSource source) {
        var file = source.file();
        var json = source.json();
        Vocabulary vocabulary;
        try {
            vocabulary = Vocabulary.of(JsonFiles.object(file, json));
        } catch (TokenizerException e) {
            throw e.getMessage() != null && e.getMessage().startsWith(file.toString())
                    ? e
                    : new TokenizerException(file + ": " + e.getMessage(), e);
        }
        return new Tokenizer(source, open(file, json), vocabulary);
    }

    /// The tokens of `text`. Control tokens in it count: this is for text of one's own and for raw completions.
    ///
    /// @param addSpecialTokens whether the model's bos (and whatever else it wants around a text) is added
    public Tokens encode(String text, boolean addSpecialTokens) {
        if (!addSpecialTokens || !config.addsBos().orElse(true)) {
            return Tokens.of(whole.encode(text, false));
        }
        int[] ids = whole.encode(text, true);
        return addsBos ? Tokens.of(withBos(ids)) : Tokens.of(ids);
    }

    /// The tokens of a rendered chat prompt: a control token that a client typed stays text, and bos is put first where
    /// the model wants it and the template has not written it.
    public Tokens encode(PromptText prompt) {
        int[] ids =
                controls.isGuarded(prompt)
                        ? encodeGuarded(prompt)
                        : whole.encode(prompt.text(), false);
        return Tokens.of(addsBos ? withBos(ids) : ids);
    }

    /// The text of `ids`. Ids without a token have none.
    public String decode(Tokens ids, boolean skipSpecialTokens) {
        return decode(ids.toArray(), 0, ids.size(), skipSpecialTokens);
    }

    String decode(int[] ids, int from, int to, boolean skipSpecialTokens) {
        return whole.decode(ids, from, to, skipSpecialTokens);
    }

    /// One more than the largest id. A model's logits may be wider.
    public int vocabularySize() {
        return vocabulary.size();
    }

    /// The id of exactly this token string, as it is written in the file.
    public OptionalInt idOf(String token) {
        return vocabulary.idOf(token);
    }

    /// Whether the vocabulary has a token with this id.
    public boolean contains(int id) {
        return vocabulary.contains(id);
    }

    /// What this token adds to a text; U+FFFD where its bytes are not whole characters.
    public String tokenText(int id) {
        return new String(vocabulary.bytes(id), StandardCharsets.UTF_8);
    }

    /// The bytes that this token adds to a text, none for an id without a token. The caller owns them.
    public byte[] tokenBytes(int id) {
        return vocabulary.bytes(id).clone();
    }

    /// As [#tokenBytes], not copied: for readers in this package.
    byte[] sharedTokenBytes(int id) {
        return vocabulary.bytes(id);
    }

    /// Whether the file declares this token special: not part of the text that a user reads.
    public boolean isSpecial(int id) {
        return vocabulary.isSpecial(id);
    }

    /// The token that begins a text.
    public Optional<String> bosToken() {
        return config.bosToken();
    }

    public OptionalInt bosTokenId() {
        return idOf(config.bosToken());
    }

    /// The token that ends a text.
    public Optional<String> eosToken() {
        return config.eosToken();
    }

    public OptionalInt eosTokenId() {
        return idOf(config.eosToken());
    }

    /// Whether encoding with special tokens puts bos first.
    public boolean addsBos() {
        return addsBos;
    }

    ControlTokens controls() {
        return controls;
    }

    @Override
    public void close() {
        whole.close();
        synchronized (literalLock) {
            if (literal != null) {
                literal.first.close();
                literal.next.close();
            }
        }
    }

    private int[] encodeGuarded(PromptText prompt) {
        var tokenizers = literal();
        var ids = IntStream.builder();
        for (var piece : controls.split(prompt)) {
            switch (piece) {
                case ControlTokens.Control(var token) -> ids.add(token.id());
                case ControlTokens.Plain(var text, int offset) ->
                        Arrays.stream(
                                        (offset == 0 ? tokenizers.first : tokenizers.next)
                                                .encode(text, false))
                                .forEach(ids);
            }
        }
        return ids.build().toArray();
    }

    /// Built when the first client tries it: a second vocabulary costs tens of megabytes, and most servers never meet one.
    private Literal literal() {
        synchronized (literalLock) {
            if (literal == null) {
                ObjectNode tree = source.tokenizerJson();
                LiteralVocabulary.hide(tree, controls.tokens());
                var first = open(source.file(), tree.toString());
                boolean differs = LiteralVocabulary.continueText(tree);
                literal =
                        new Literal(first, differs ? open(source.file(), tree.toString()) : first);
            }
            return literal;
        }
    }

    private int[] withBos(int[] ids) {
        return beginsWithBos(ids)
                ? ids
                : IntStream.concat(IntStream.of(bosTokenId().orElseThrow()), Arrays.stream(ids))
                        .toArray();
    }

    private boolean beginsWithBos(int[] ids) {
        var bos = bosTokenId();
        return bos.isPresent() && ids.length > 0 && ids[0] == bos.getAsInt();
    }

    private OptionalInt idOf(Optional<String> token) {
        return token.isPresent() ? vocabulary.idOf(token.get()) : OptionalInt.empty();
    }

    private static NativeTokenizer open(Path file, String json) {
        try {
            return new NativeTokenizer(json);
        } catch (RuntimeException e) {
            throw new TokenizerException(
                    file + " is not a tokenizer that can be loaded: " + e.getMessage(), e);
        }
    }
}
