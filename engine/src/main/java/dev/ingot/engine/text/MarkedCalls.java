package dev.ingot.engine.text;

import java.util.List;
import java.util.function.IntFunction;

/// Calls in JSON behind a mark: holds back what may be one until it is known for a call or for words.
///
/// The mark is a special token, so the text must hold it: [OutputFormat#marks].
abstract class MarkedCalls implements OutputParser {
    /// What was read since the last thing that was given.
    protected final StringBuilder held = new StringBuilder();

    private final String mark;
    private final SpokenParts parts;
    private JsonExtent extent = new JsonExtent();
    private int objectStart;

    MarkedCalls(String mark, IntFunction<String> idOfCall) {
        this.mark = mark;
        this.parts = new SpokenParts(idOfCall);
    }

    @Override
    public final List<SpokenPart> add(String delta) {
        for (int i = 0; i < delta.length(); i++) {
            held.append(delta.charAt(i));
            added(delta.charAt(i));
        }
        return parts.take();
    }

    @Override
    public final List<SpokenPart> finish() {
        if (!endsInLayout()) {
            giveAsWords();
        }
        return parts.take();
    }

    /// This character was read; it is the last one of what is held.
    protected abstract void added(char c);

    /// Whether what is held at the end is neither words nor a part of a call.
    protected abstract boolean endsInLayout();

    /// Among words: gives what is no part of a mark.
    ///
    /// @return whether a mark is complete, which is all that is held then
    protected final boolean findMark() {
        int start = held.lastIndexOf(mark.substring(0, 1));
        if (start < 0 || !mark.startsWith(held.substring(start))) {
            giveAsWords();
            return false;
        }
        if (held.length() - start < mark.length()) {
            return false;
        }
        parts.words(held.substring(0, start));
        held.delete(0, start);
        return true;
    }

    /// The character that was read last begins an object.
    protected final void beginObject() {
        objectStart = held.length() - 1;
        extent = new JsonExtent();
        extent.add('{');
    }

    /// Whether the object that was begun ends with the character that was read last.
    protected final boolean endsObject() {
        return extent.add(held.charAt(held.length() - 1));
    }

    protected final String object() {
        return held.substring(objectStart);
    }

    /// Between the mark, with which what is held begins, and the object.
    protected final String head() {
        return held.substring(mark.length(), objectStart);
    }

    /// What is held is this call.
    protected void give(CallText call) {
        parts.call(call);
        held.setLength(0);
    }

    /// What is held are words, whatever it looked like.
    protected void giveAsWords() {
        parts.words(held);
        held.setLength(0);
    }
}
