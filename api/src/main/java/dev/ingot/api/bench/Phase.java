package dev.ingot.api.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/// A span of time in which clients came to a server, and what became of them.
///
/// @param answers of all that came, also where the last word was said afterwards
/// @param fromNanos its begin
/// @param toNanos its end: nobody came after it
/// @param endNanos when the last answer had ended
record Phase(List<Answer> answers, long fromNanos, long toNanos, long endNanos) {
    Phase {
        answers = List.copyOf(answers);
    }

    double seconds() {
        return (toNanos - fromNanos) * 1e-9;
    }

    /// How long those who came before its end took on after it.
    double secondsAfter() {
        return Math.max(0, endNanos - toNanos) * 1e-9;
    }

    private List<Answer> good() {
        return answers.stream().filter(Answer::succeeded).toList();
    }

    int answered() {
        return good().size();
    }

    int refused() {
        return (int) answers.stream().filter(Answer::isRefused).count();
    }

    /// Neither answered to the end nor refused.
    int failed() {
        return answers.size() - answered() - refused();
    }

    /// Output tokens a second within this time, of answers that ended as they should, whenever that was.
    double goodput() {
        return within(Answer::outputTokens) / seconds();
    }

    /// Whole answers' worth of [#goodput] a second.
    double requestsPerSecond() {
        return within(_ -> 1) / seconds();
    }

    /// Adds up what each good answer is worth, times the share of it that came within this time.
    private double within(ToDoubleFunction<Answer> worth) {
        return good().stream()
                .mapToDouble(answer ->
                        worth.applyAsDouble(answer)
                                * answer.eventNanos().stream()
                                        .filter(at -> fromNanos <= at && at < toNanos)
                                        .count()
                                / answer.eventNanos().size())
                .sum();
    }

    Figures ttftMillis() {
        return Figures.of(good().stream().mapToDouble(Answer::ttftMillis).toArray());
    }

    /// How long refusals took.
    Figures refusalMillis() {
        return Figures.of(
                answers.stream()
                        .filter(Answer::isRefused)
                        .mapToDouble(Answer::headMillis)
                        .toArray());
    }
}
