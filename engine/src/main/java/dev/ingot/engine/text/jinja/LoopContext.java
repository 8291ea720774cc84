package dev.ingot.engine.text.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The variable `loop` inside a `for`.
final class LoopContext {
    private final List<Object> items;
    private final int depth;

    /// Runs the loop again over other items; only in a recursive one.
    private final @Nullable Callable again;

    private int index;
    private @Nullable List<Object> lastChanged;

    LoopContext(List<Object> items, int depth, @Nullable Callable again) {
        this.items = items;
        this.depth = depth;
        this.again = again;
    }

    void moveTo(int index) {
        this.index = index;
    }

    Object attribute(String name) {
        int size = items.size();
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) size - index;
            case "revindex0" -> size - index - 1L;
            case "first" -> index == 0;
            case "last" -> index == size - 1;
            case "length" -> (long) size;
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" ->
                    index == 0 ? new Undefined("there is no previous item") : items.get(index - 1);
            case "nextitem" ->
                    index == size - 1
                            ? new Undefined("there is no next item")
                            : items.get(index + 1);
            case "cycle" -> (Callable) this::cycle;
            case "changed" -> (Callable) this::changed;
            default -> new Undefined("'LoopContext' has no attribute '" + name + "'");
        };
    }

    Object call(Arguments arguments) {
        if (again == null) {
            throw new TemplateException(
                    "the loop must have the 'recursive' marker to be called recursively");
        }
        return again.call(arguments);
    }

    private Object cycle(Arguments arguments) {
        if (arguments.count() == 0) {
            throw new TemplateException("no items for cycling given");
        }
        return arguments.positional().get(index % arguments.count());
    }

    private Object changed(Arguments arguments) {
        boolean changed = lastChanged == null || !Values.equal(lastChanged, arguments.positional());
        lastChanged = arguments.positional();
        return changed;
    }
}
