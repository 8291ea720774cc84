package dev.ingot.api.bench;

import static dev.ingot.api.console.Table.number;

import dev.ingot.api.console.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// What streams feel of a long prompt that is computed beside them: the times between their tokens before it, from when it
/// is sent to its first token, and after it.
final class LongPrompt {
    private static final long START_SECONDS = 60;

    private final CompletionClient streams;
    private final CompletionClient prompts;
    private final double seconds;

    /// The time between two tokens, without a long prompt and beside one.
    ///
    /// @param prompts the answers to the long prompts
    record Result(int streams, Figures without, Figures beside, List<Answer> prompts) {
        /// The 99th percentile beside a long prompt by the one without.
        double ratio() {
            return beside.percentile(99) / without.percentile(99);
        }
    }

    /// A time in which a long prompt was computed, or none.
    private record Span(long fromNanos, long toNanos, boolean beside) {}

    /// @param streams for the prompts and answers of the streams
    /// @param prompts for the long prompt, with a short answer
    /// @param seconds to measure without a long prompt, before it and after it
    LongPrompt(CompletionClient streams, CompletionClient prompts, double seconds) {
        this.streams = streams;
        this.prompts = prompts;
        this.seconds = seconds;
    }

    /// @param count streams that run all the time; one that ends is followed by another
    /// @param rounds long prompts, one after another
    /// @param firstVariant of the prompts, which are new to the server
    Result run(int count, int rounds, long firstVariant) throws IOException, InterruptedException {
        var enough = new AtomicBoolean();
        var begun = new AtomicInteger();
        var loops = new ArrayList<Future<List<Answer>>>();
        var spans = new ArrayList<Span>();
        var longAnswers = new ArrayList<Answer>();
        var answers = new ArrayList<Answer>();
        try (var threads = Crowd.threads()) {
            try {
                for (int i = 0; i < count; i++) {
                    int stream = i;
                    loops.add(threads.submit(() -> stream(stream, firstVariant, begun, enough)));
                }
                await(begun, count, loops);
                for (int round = 0; round < rounds; round++) {
                    spans.add(quietSpan());
                    long from = System.nanoTime();
                    var answer = prompts.complete(round, firstVariant);
                    if (!answer.succeeded()) {
                        throw new IOException(
                                "the long prompt had no answer in words: " + answer.error());
                    }
                    spans.add(new Span(from, answer.eventNanos().getFirst(), true));
                    longAnswers.add(answer);
                }
                spans.add(quietSpan());
            } finally {
                enough.set(true);
            }
            for (var loop : loops) {
                answers.addAll(Crowd.valueOf(loop));
            }
        }
        return new Result(
                count, gaps(answers, spans, false), gaps(answers, spans, true), longAnswers);
    }

    private Span quietSpan() throws InterruptedException {
        long from = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep((long) (seconds * 1e9));
        return new Span(from, System.nanoTime(), false);
    }

    private List<Answer> stream(
            int index, long variant, AtomicInteger begun, AtomicBoolean enough) {
        var own = new ArrayList<Answer>();
        var first = new AtomicBoolean(true);
        for (long i = 0; !enough.get(); i++) {
            var answer =
                    streams.complete(
                            index + 1000 * i,
                            variant,
                            () -> {
                                if (first.compareAndSet(true, false)) {
                                    begun.incrementAndGet();
                                }
                                return !enough.get();
                            });
            own.add(answer);
            if (!answer.succeeded() && !answer.error().equals(Answer.LEFT)) {
                break;
            }
        }
        return own;
    }

    private static void await(AtomicInteger begun, int count, List<Future<List<Answer>>> loops)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (begun.get() < count) {
            for (var loop : loops) {
                if (loop.isDone()) {
                    var failed = Crowd.valueOf(loop).getLast();
                    throw new IOException("a stream failed: " + failed.error());
                }
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("not all streams have begun within " + START_SECONDS + " s");
            }
            Thread.sleep(20);
        }
    }

    /// Milliseconds between neighbouring events of which the second came in such a span.
    private static Figures gaps(List<Answer> answers, List<Span> spans, boolean beside) {
        var gaps = new ArrayList<Double>();
        for (var answer : answers) {
            var events = answer.eventNanos();
            for (int i = 1; i < events.size(); i++) {
                long at = events.get(i);
                if (spans.stream()
                        .anyMatch(span ->
                                span.beside == beside
                                        && span.fromNanos <= at
                                        && at < span.toNanos)) {
                    gaps.add((at - events.get(i - 1)) * 1e-6);
                }
            }
        }
        return Figures.of(gaps.stream().mapToDouble(Double::doubleValue).toArray());
    }

    static Table table(List<Result> results) {
        var table =
                new Table(
                        "streams",
                        "prompt tok",
                        "TTFT s",
                        "ITL p50 without",
                        "p99",
                        "max ms",
                        "ITL p50 beside",
                        "p99",
                        "max ms",
                        "p99 ratio");
        for (var result : results) {
            var ttft =
                    Figures.of(
                            result.prompts().stream()
                                    .mapToDouble(answer -> answer.ttftMillis() / 1e3)
                                    .toArray());
            table.add(
                    String.valueOf(result.streams()),
                    String.valueOf(result.prompts().getFirst().promptTokens()),
                    number(ttft.median(), 2),
                    number(result.without().median(), 2),
                    number(result.without().percentile(99), 2),
                    number(result.without().max(), 2),
                    number(result.beside().median(), 2),
                    number(result.beside().percentile(99), 2),
                    number(result.beside().max(), 2),
                    number(result.ratio(), 2));
        }
        return table;
    }
}
