package dev.ingot.engine.text;

import java.util.List;

/// Everything is words.
final class OnlyWords implements OutputParser {
    @Override
    public List<SpokenPart> add(String delta) {
        return delta.isEmpty() ? List.of() : List.of(new SpokenPart.Content(delta));
    }

    @Override
    public List<SpokenPart> finish() {
        return List.of();
    }
}
