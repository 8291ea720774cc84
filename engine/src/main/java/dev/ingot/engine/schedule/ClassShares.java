package dev.ingot.engine.schedule;

import dev.ingot.engine.sequence.PriorityClass;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// Which class has its turn: the most urgent one, unless another has got less than the share that is reserved for it.
///
/// Shares are of the tokens computed lately, prompts and outputs alike: what was served counts half as much after every
/// [#WINDOW] tokens. A class without work loses nothing by it, and nothing is kept idle for one.
final class ClassShares {
    /// Tokens after which the past counts half.
    static final long WINDOW = 1 << 16;

    private final Map<PriorityClass, Double> reserved;
    private final Map<PriorityClass, Double> served = new EnumMap<>(PriorityClass.class);
    private double total;

    /// @param normal share of the tokens that the normal class gets whatever the high one wants
    /// @param low share that the low class gets whatever the others want
    ClassShares(double normal, double low) {
        reserved =
                new EnumMap<>(
                        Map.of(
                                PriorityClass.HIGH, 0.0,
                                PriorityClass.NORMAL, normal,
                                PriorityClass.LOW, low));
    }

    /// This class has had `tokens` computed.
    void charge(PriorityClass priority, long tokens) {
        served.merge(priority, (double) tokens, Double::sum);
        total += tokens;
        if (total > WINDOW) {
            served.replaceAll((_, count) -> count / 2);
            total /= 2;
        }
    }

    /// Whether it has got less than its reserved share.
    boolean isShort(PriorityClass priority) {
        return served.getOrDefault(priority, 0.0) < reserved.getOrDefault(priority, 0.0) * total;
    }

    /// Whose turn it is, first to last.
    List<PriorityClass> order() {
        var order = new ArrayList<PriorityClass>();
        for (var each : PriorityClass.values()) {
            if (isShort(each)) {
                order.add(each);
            }
        }
        for (var each : PriorityClass.values()) {
            if (!isShort(each)) {
                order.add(each);
            }
        }
        return order;
    }
}
