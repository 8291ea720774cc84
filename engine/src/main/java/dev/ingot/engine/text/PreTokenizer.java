package dev.ingot.engine.text;

import static dev.ingot.engine.text.TokenizerJson.byteLevel;
import static dev.ingot.engine.text.TokenizerJson.digits;
import static dev.ingot.engine.text.TokenizerJson.preTokenizers;
import static dev.ingot.engine.text.TokenizerJson.punctuation;
import static dev.ingot.engine.text.TokenizerJson.split;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// How byte-level tokenizers cut a text into words before they merge: by the names that GGUF files give
/// (`tokenizer.ggml.pre`; llama.cpp `src/llama-vocab.cpp`).
///
/// A wrong cut gives ids that are valid and not the model's, so a name that is not listed is no tokenizer at
/// all and never a guess.
enum PreTokenizer {
    GPT2("gpt-2", "phi-2", "mpt", "olmo") {
        @Override
        ObjectNode json() {
            return byteLevel(true);
        }
    },
    LLAMA3("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral") {
        @Override
        ObjectNode json() {
            return preTokenizers(split(LLAMA3_WORDS), byteLevel(false));
        }
    },
    QWEN2("qwen2", "deepseek-r1-qwen", "megrez") {
        @Override
        ObjectNode json() {
            return preTokenizers(split(QWEN2_WORDS), byteLevel(false));
        }
    },
    GPT4O("gpt-4o", "llama4", "o200k") {
        @Override
        ObjectNode json() {
            return preTokenizers(split(GPT4O_WORDS), byteLevel(false));
        }
    },
    TEKKEN("tekken") {
        @Override
        ObjectNode json() {
            return preTokenizers(split(TEKKEN_WORDS), byteLevel(false));
        }
    },
    STARCODER("starcoder", "refact", "command-r", "smollm", "codeshell") {
        @Override
        ObjectNode json() {
            return preTokenizers(digits(true), byteLevel(true));
        }
    },
    FALCON("falcon") {
        @Override
        ObjectNode json() {
            return preTokenizers(
                    punctuation(), byteLevel(true), digits(false), split("[0-9][0-9][0-9]"));
        }
    },
    DEEPSEEK_LLM("deepseek-llm") {
        @Override
        ObjectNode json() {
            return preTokenizers(
                    split("[\r\n]"),
                    split(DEEPSEEK_LETTERS),
                    split(DEEPSEEK_PUNCTUATION),
                    split("\\s+$"),
                    split(CJK),
                    digits(true),
                    byteLevel(false));
        }
    },
    DEEPSEEK_CODER("deepseek-coder") {
        @Override
        ObjectNode json() {
            return preTokenizers(
                    split("[\r\n]"),
                    split("\\s?\\p{L}+"),
                    split("\\s?\\p{P}+"),
                    split(CJK),
                    digits(true),
                    byteLevel(false));
        }
    };

    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String BLANKS = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3_WORDS =
            CONTRACTIONS
                    + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + BLANKS;
    private static final String QWEN2_WORDS =
            CONTRACTIONS
                    + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + BLANKS;
    private static final String CASED_1 =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+";
    private static final String CASED_2 =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*";
    private static final String GPT4O_WORDS =
            CASED_1
                    + CONTRACTIONS
                    + "?|"
                    + CASED_2
                    + CONTRACTIONS
                    + "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
                    + BLANKS;
    private static final String TEKKEN_WORDS =
            CASED_1 + "|" + CASED_2 + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + BLANKS;
    private static final String CJK = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
    private static final String DEEPSEEK_PUNCTUATION =
            "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";
    private static final String DEEPSEEK_LETTERS =
            "\\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-"
                    + "\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-"
                    + "\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556"
                    + "\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B"
                    + "\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D"
                    + "\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE"
                    + "\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4"
                    + "\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128"
                    + "\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184"
                    + "\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B"
                    + "\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17"
                    + "\uFF21-\uFF3A\uFF41-\uFF5A\uD801\uDC00-\uD801\uDC4F\uD801\uDCB0-\uD801\uDCD3"
                    + "\uD801\uDCD8-\uD801\uDCFB\uD803\uDC80-\uD803\uDCB2\uD803\uDCC0-\uD803\uDCF2"
                    + "\uD806\uDCA0-\uD806\uDCDF\uD83A\uDD00-\uD83A\uDD43]+";

    @SuppressWarnings("ImmutableEnumChecker") // It is: List.of.
    private final List<String> names;

    PreTokenizer(String... names) {
        this.names = List.of(names);
    }

    /// As a component of a `tokenizer.json`.
    abstract ObjectNode json();

    /// Whether a whole word that is a token is taken as it is.
    boolean ignoresMerges() {
        return this == LLAMA3 || this == TEKKEN;
    }

    static Optional<PreTokenizer> named(String name) {
        return Arrays.stream(values()).filter(each -> each.names.contains(name)).findAny();
    }

    /// All names, for an error message.
    static String known() {
        return Arrays.stream(values())
                .flatMap(each -> each.names.stream())
                .collect(Collectors.joining(", "));
    }
}
