package dev.ingot.engine.text;

import java.util.List;
import java.util.stream.Stream;

/// What a model says that thinks aloud before it answers: `<think>…</think>`, blanks around the thoughts left out. The
/// prompt may have written the first mark already. What follows the thoughts is for another parser.
final class ThoughtsFirst implements OutputParser {
    private enum State {
        BEFORE,
        THINKING,
        AFTER,
        ANSWERING
    }

    private final String open;
    private final String close;
    private final OutputParser answer;
    private final SpokenParts parts = new SpokenParts(Integer::toString);
    private final StringBuilder held = new StringBuilder();
    private State state;
    private boolean begun;

    ThoughtsFirst(String open, String close, boolean isOpen, OutputParser answer) {
        this.open = open;
        this.close = close;
        this.answer = answer;
        state = isOpen ? State.THINKING : State.BEFORE;
    }

    @Override
    public List<SpokenPart> add(String delta) {
        for (int i = 0; i < delta.length(); i++) {
            if (state == State.ANSWERING) {
                return joined(answer.add(held + delta.substring(i)));
            }
            add(delta.charAt(i));
        }
        return state == State.ANSWERING ? joined(answer.add(held.toString())) : parts.take();
    }

    @Override
    public List<SpokenPart> finish() {
        switch (state) {
            case BEFORE -> {
                var first = answer.add(held.toString());
                return concat(first, answer.finish());
            }
            case THINKING -> parts.thoughts(held.toString().stripTrailing());
            case AFTER, ANSWERING -> {
                return answer.finish();
            }
        }
        return parts.take();
    }

    private void add(char c) {
        held.append(c);
        switch (state) {
            case BEFORE -> {
                var text = held.toString().stripLeading();
                if (text.equals(open)) {
                    held.setLength(0);
                    state = State.THINKING;
                } else if (!open.startsWith(text)) {
                    state = State.ANSWERING;
                }
            }
            case THINKING -> think();
            case AFTER -> {
                if (Character.isWhitespace(c)) {
                    held.setLength(0);
                } else {
                    state = State.ANSWERING;
                }
            }
            case ANSWERING -> {}
        }
    }

    /// Gives what is neither blanks at an end of the thoughts nor a part of the mark.
    private void think() {
        int mark = held.lastIndexOf(close.substring(0, 1));
        int end = held.length();
        if (mark >= 0 && close.startsWith(held.substring(mark))) {
            end = mark;
        }
        boolean closed = held.length() - end == close.length();
        while (end > 0 && Character.isWhitespace(held.charAt(end - 1))) {
            end--;
        }
        int start = 0;
        while (!begun && start < end && Character.isWhitespace(held.charAt(start))) {
            start++;
        }
        begun |= start < end;
        parts.thoughts(held.substring(start, end));
        if (closed) {
            held.setLength(0);
            state = State.AFTER;
        } else {
            held.delete(0, end);
        }
    }

    private List<SpokenPart> joined(List<SpokenPart> answered) {
        held.setLength(0);
        return concat(parts.take(), answered);
    }

    private static List<SpokenPart> concat(List<SpokenPart> first, List<SpokenPart> second) {
        if (first.isEmpty() || second.isEmpty()) {
            return first.isEmpty() ? second : first;
        }
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
