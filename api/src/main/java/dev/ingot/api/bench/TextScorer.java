package dev.ingot.api.bench;

import dev.ingot.engine.kv.Demand;
import dev.ingot.engine.kv.KnownTokens;
import dev.ingot.engine.kv.KvAllocator;
import dev.ingot.engine.kv.Reservation;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.schedule.Slice;
import dev.ingot.engine.schedule.StepPlan;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.worker.InlineWorker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// How likely a model finds a text that it is given.
///
/// Each position is a slice of its own, and all of a text's slices share its blocks: so every position has logits, and
/// none sees what comes after it.
final class TextScorer {
    private static final SequenceId TEXT = new SequenceId(0, 0);

    private final InlineWorker worker;
    private final int rowsAStep;
    private final int vocabulary;
    private long stepId;

    /// @param rowsAStep positions of a step, at most the worker's sequences
    TextScorer(InlineWorker worker, int rowsAStep) {
        this.worker = worker;
        this.rowsAStep = rowsAStep;
        vocabulary = worker.model().vocabulary();
    }

    /// The natural logarithm of the probability of each token but the first, behind those before it.
    ///
    /// @throws IllegalArgumentException if the text does not fit the worker's cache
    double[] logProbabilities(Tokens text) {
        var blocks =
                new KvAllocator(
                                worker.kv().blockSize(),
                                worker.kv().blockCount(),
                                false,
                                worker.kv().groups())
                        .reserve(
                                List.of(
                                        new Demand(
                                                TEXT,
                                                KnownTokens.of(text, Tokens.NONE),
                                                0,
                                                0,
                                                text.size())));
        if (!(blocks instanceof Reservation.Reserved(var reserved, _))) {
            throw new IllegalArgumentException("a text of " + text.size() + " tokens: " + blocks);
        }
        var table = reserved.getFirst().table();
        double[] found = new double[text.size() - 1];
        for (int first = 0; first < found.length; first += rowsAStep) {
            int rows = Math.min(rowsAStep, found.length - first);
            var slices = new ArrayList<Slice>(rows);
            for (int row = 0; row < rows; row++) {
                int at = first + row;
                var token = Tokens.of(text.get(at));
                slices.add(new Slice(new SequenceId(at, 0), token, at, table, greedy()));
            }
            worker.run(new StepPlan(++stepId, slices));
            for (int row = 0; row < rows; row++) {
                found[first + row] = logProbability(worker.logits(row), text.get(first + row + 1));
            }
        }
        return found;
    }

    private SequenceSampler greedy() {
        return new SequenceSampler(
                SamplingParams.greedy(1), 0, Tokens.NONE, Tokens.NONE, vocabulary);
    }

    private double logProbability(MemorySegment logits, int token) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < vocabulary; i++) {
            largest = Math.max(largest, logits.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
        double sum = 0;
        for (int i = 0; i < vocabulary; i++) {
            sum += Math.exp(logits.getAtIndex(ValueLayout.JAVA_FLOAT, i) - largest);
        }
        return logits.getAtIndex(ValueLayout.JAVA_FLOAT, token) - largest - Math.log(sum);
    }
}
