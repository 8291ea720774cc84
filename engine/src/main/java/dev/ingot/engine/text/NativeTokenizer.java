package dev.ingot.engine.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// One tokenizer of Hugging Face's Rust library, asked for nothing but ids and text.
///
/// The library's own Java class truncates to 512 tokens and pads unless told otherwise, and builds spans and token
/// strings that nobody reads; so this calls the layer below it. The calls are safe from any thread; closing waits for
/// those that are running, because one of them on a freed tokenizer would take the JVM down.
final class NativeTokenizer implements AutoCloseable {
    private static final TokenizersLibrary LIBRARY = NativeLibrary.load();

    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final long handle;
    private boolean closed;

    /// @param json the content of a `tokenizer.json`
    /// @throws RuntimeException with the library's reason when it refuses the content
    NativeTokenizer(String json) {
        handle = LIBRARY.createTokenizerFromString(json);
        LIBRARY.disablePadding(handle);
        LIBRARY.disableTruncation(handle);
    }

    int[] encode(String text, boolean addSpecialTokens) {
        var using = use();
        try {
            long encoding = LIBRARY.encode(handle, wellFormed(text), addSpecialTokens);
            try {
                return narrow(LIBRARY.getTokenIds(encoding));
            } finally {
                LIBRARY.deleteEncoding(encoding);
            }
        } finally {
            using.unlock();
        }
    }

    String decode(int[] ids, int from, int to, boolean skipSpecialTokens) {
        long[] wide = new long[to - from];
        for (int i = from; i < to; i++) {
            wide[i - from] = ids[i];
        }
        var using = use();
        try {
            return LIBRARY.decode(handle, wide, skipSpecialTokens);
        } finally {
            using.unlock();
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                LIBRARY.deleteTokenizer(handle);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private Lock use() {
        var using = lock.readLock();
        using.lock();
        if (closed) {
            using.unlock();
            throw new IllegalStateException("the tokenizer is closed");
        }
        return using;
    }

    /// Half a surrogate pair has no UTF-8 and would be an error in the library: U+FFFD stands for it, as in any encoder.
    private static String wellFormed(String text) {
        StringBuilder repaired = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                repaired = repaired == null ? new StringBuilder(text) : repaired;
                repaired.setCharAt(i, '\uFFFD');
            }
        }
        return repaired == null ? text : repaired.toString();
    }

    private static int[] narrow(long[] wide) {
        int[] ids = new int[wide.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.toIntExact(wide[i]);
        }
        return ids;
    }
}
