package dev.ingot.engine.text;

import dev.ingot.engine.sequence.Tokens;
import java.util.Arrays;

/// Turns one sequence's tokens into text as they come.
///
/// A token is often not a whole character, and what it adds may depend on the one before it. So each token is decoded
/// together with the last few: `ids[prefix, read)` is context whose text was given away, `ids[read, end)` is pending;
/// the text that decoding both has beyond the context's is new (the way of vLLM and Text Generation Inference). Bytes
/// that begin a character and do not end it are held back, at most three. The window stays a few tokens long, so
/// the cost per token does not grow with the text.
///
/// Not safe from several threads.
public final class Detokenizer {
    private final Tokenizer tokenizer;
    private final boolean skipSpecialTokens;
    private final Tokens kept;

    private int[] window = new int[16];

    /// `window[0, read)` is the context, `window[read, end)` is pending.
    private int read;

    private int end;
    private String contextText = "";

    /// @param skipSpecialTokens whether special tokens have no text
    public Detokenizer(Tokenizer tokenizer, boolean skipSpecialTokens) {
        this(tokenizer, skipSpecialTokens, Tokens.NONE);
    }

    /// @param skipSpecialTokens whether special tokens have no text
    /// @param kept those that have text all the same
    public Detokenizer(Tokenizer tokenizer, boolean skipSpecialTokens, Tokens kept) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
        this.kept = kept;
    }

    /// Lets the text continue a prompt: a SentencePiece vocabulary drops the blank that begins a text, and this is
    /// not the beginning. Call it before the first token.
    public Detokenizer continuing(Tokens prompt) {
        if (end != 0) {
            throw new IllegalStateException("tokens were already added");
        }
        for (int i = Math.max(0, prompt.size() - CONTEXT_TOKENS); i < prompt.size(); i++) {
            push(prompt.get(i));
        }
        startNewWindow(0);
        return this;
    }

    /// Enough of a prompt that its last character is whole.
    private static final int CONTEXT_TOKENS = 6;

    /// The text that is certain now; empty while a character is incomplete.
    public String add(int id) {
        if (!push(id)) {
            return "";
        }
        String text = textOfWindow();
        if (text.length() <= contextText.length() || endsInsideCharacter()) {
            return "";
        }
        return emit(text);
    }

    /// The text that was held back: U+FFFD for bytes that never became a character. Nothing is added after this.
    public String finish() {
        if (read == end) {
            return "";
        }
        String text = textOfWindow();
        return text.length() <= contextText.length() ? "" : emit(text);
    }

    /// How many tokens are decoded with the next one.
    int windowSize() {
        return end;
    }

    private String emit(String text) {
        String added = text.substring(contextText.length());
        startNewWindow(read);
        return added;
    }

    /// What was pending becomes the context; what is before `from` is forgotten.
    private void startNewWindow(int from) {
        System.arraycopy(window, from, window, 0, end - from);
        end -= from;
        read = end;
        contextText = textOfWindow();
    }

    /// Tokens without text never enter the window: a run of them would make it grow, and a special token that is
    /// skipped would look like the beginning of a text.
    private boolean push(int id) {
        boolean skipped = skipSpecialTokens && tokenizer.isSpecial(id) && !kept.contains(id);
        if (!tokenizer.contains(id) || skipped) {
            return false;
        }
        if (end == window.length) {
            window = Arrays.copyOf(window, 2 * end);
        }
        window[end++] = id;
        return true;
    }

    /// Those that are skipped never entered it.
    private String textOfWindow() {
        return tokenizer.decode(window, 0, end, false);
    }

    /// Whether the window's last bytes begin a character and lack its end.
    private boolean endsInsideCharacter() {
        int value = 0;
        int seen = 0;
        // Back over continuation bytes to the byte that says how long the character is.
        for (int i = end - 1; i >= 0 && seen < 4; i--) {
            byte[] bytes = tokenizer.sharedTokenBytes(window[i]);
            for (int j = bytes.length - 1; j >= 0 && seen < 4; j--) {
                value = bytes[j] & 0xFF;
                seen++;
                if ((value & 0xC0) != 0x80) {
                    return seen < lengthOfCharacter(value);
                }
            }
        }
        return false;
    }

    private static int lengthOfCharacter(int leadByte) {
        if (leadByte >= 0xC2 && leadByte <= 0xDF) {
            return 2;
        }
        if (leadByte >= 0xE0 && leadByte <= 0xEF) {
            return 3;
        }
        return leadByte >= 0xF0 && leadByte <= 0xF4 ? 4 : 1;
    }
}
