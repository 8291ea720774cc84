package dev.ingot.engine.text;

import java.util.List;
import java.util.function.IntFunction;
import java.util.regex.Pattern;

/// What gpt-oss says, in messages of several channels:
///
///     <|channel|>analysis<|message|>The user asks …<|end|>
///     <|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>
///     <|start|>assistant<|channel|>final<|message|>It is sunny.<|return|>
///
/// Messages to `functions` are calls, other messages of `analysis` and those to other recipients are thoughts, the rest
/// are words. The marks are special tokens, so the text must hold them: [OutputFormat#marks].
final class HarmonyChannels implements OutputParser {
    static final String START = "<|start|>";
    static final String CHANNEL = "<|channel|>";
    static final String MESSAGE = "<|message|>";

    /// Marks that end a message.
    private static final List<String> ENDS =
            List.of("<|end|>", "<|call|>", "<|return|>", START, CHANNEL);

    /// All special tokens of the format but those that end the turn.
    static final List<String> MARKS =
            List.of(START, CHANNEL, MESSAGE, "<|constrain|>", "<|end|>", "<|call|>", "<|return|>");

    /// Longer than any head: what goes on so long is no head but words.
    private static final int MAX_HEAD = 512;

    private static final Pattern TO = Pattern.compile("\\bto=([^\\s<]+)");
    private static final Pattern NAME_OF_CHANNEL = Pattern.compile("<\\|channel\\|>\\s*(\\w+)");
    private static final String FUNCTIONS = "functions.";

    private enum Kind {
        WORDS,
        THOUGHTS,
        CALL
    }

    private final SpokenParts parts;
    private final StringBuilder held = new StringBuilder();
    private boolean inHead = true;
    private Kind kind = Kind.WORDS;
    private String tool = "";
    private boolean saidWords;
    private boolean saidThoughts;

    /// Whether this message has said anything yet: the second of a kind begins a paragraph.
    private boolean begun;

    HarmonyChannels(IntFunction<String> idOfCall) {
        parts = new SpokenParts(idOfCall);
    }

    /// Reads the turn that the prompt left open, which may be its head only.
    HarmonyChannels continuing(String prompt) {
        int turn = prompt.lastIndexOf(START);
        if (turn >= 0) {
            for (int i = turn; i < prompt.length(); i++) {
                add(prompt.charAt(i));
            }
            parts.take();
            if (inHead && held.indexOf(CHANNEL) < 0) {
                held.setLength(0); // what comes may be no head at all
            }
            saidWords = false;
            saidThoughts = false;
        }
        return this;
    }

    @Override
    public List<SpokenPart> add(String delta) {
        for (int i = 0; i < delta.length(); i++) {
            add(delta.charAt(i));
        }
        return parts.take();
    }

    @Override
    public List<SpokenPart> finish() {
        if (!inHead) {
            endMessage();
        } else if (!isLayout(held.toString())) {
            say(held); // No message began: a model that does not speak harmony.
        }
        return parts.take();
    }

    private static boolean isLayout(String head) {
        var text = head.strip();
        return text.isEmpty()
                || text.startsWith(START)
                || text.startsWith(CHANNEL)
                || text.startsWith("to=");
    }

    private void add(char c) {
        held.append(c);
        if (inHead) {
            if (endsWith(MESSAGE)) {
                begin(held.toString());
            } else if (held.length() > MAX_HEAD) {
                kind = Kind.WORDS;
                inHead = false;
                begun = false;
            }
            return;
        }
        for (var end : ENDS) {
            if (endsWith(end)) {
                held.setLength(held.length() - end.length());
                endMessage();
                if (end.equals(START) || end.equals(CHANNEL)) {
                    held.append(end);
                }
                return;
            }
        }
        if (kind != Kind.CALL) {
            giveWhatIsNoMark();
        }
    }

    private void begin(String head) {
        var channel = NAME_OF_CHANNEL.matcher(head);
        var to = TO.matcher(head);
        if (to.find() && to.group(1).startsWith(FUNCTIONS)) {
            kind = Kind.CALL;
            tool = to.group(1).substring(FUNCTIONS.length());
        } else {
            boolean isAnalysis = channel.find() && channel.group(1).equals("analysis");
            kind = isAnalysis || TO.matcher(head).find() ? Kind.THOUGHTS : Kind.WORDS;
        }
        held.setLength(0);
        inHead = false;
        begun = false;
    }

    private void giveWhatIsNoMark() {
        int mark = held.lastIndexOf("<");
        int keep = held.length();
        if (mark >= 0) {
            var tail = held.substring(mark);
            if (ENDS.stream().anyMatch(end -> end.startsWith(tail))) {
                keep = mark;
            }
        }
        if (keep > 0) {
            say(held.substring(0, keep));
            held.delete(0, keep);
        }
    }

    private void endMessage() {
        if (kind == Kind.CALL) {
            CallText.of(tool, held.toString()).ifPresentOrElse(parts::call, () -> say(held));
        } else if (!held.isEmpty()) {
            say(held);
        }
        held.setLength(0);
        inHead = true;
        kind = Kind.WORDS;
    }

    private void say(CharSequence text) {
        boolean thought = kind == Kind.THOUGHTS;
        boolean another = !begun && (thought ? saidThoughts : saidWords);
        begun = true;
        if (thought) {
            saidThoughts = true;
            parts.thoughts(another ? "\n\n" + text : text);
        } else {
            saidWords = true;
            parts.words(another ? "\n\n" + text : text);
        }
    }

    private boolean endsWith(String mark) {
        int start = held.length() - mark.length();
        return start >= 0 && held.indexOf(mark, start) == start;
    }
}
