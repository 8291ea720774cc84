package dev.ingot.engine.ops;

import java.lang.foreign.ValueLayout;

/// What logits processors (bias, bans, penalties) change in a step's rows: a sparse list, row after row.
///
/// @param rowStarts `[rows + 1, 1]` I32, ascending from 0: row `r` has the entries from `rowStarts[r]` to `rowStarts[r + 1]`
/// @param tokens `[entries, 1]` I32, each in `[0, vocabulary)`, none twice in a row
/// @param amounts `[entries, 4]`: the parameters of [#edited] after the logit
/// @param before `[entries, 1]`: where each logit is kept as it was
public record LogitEdits(Tensor rowStarts, Tensor tokens, Tensor amounts, Tensor before) {
    /// Columns of [#amounts].
    public static final int AMOUNTS = 4;

    /// Memory for `rows` rows with `entries` entries together.
    public static LogitEdits allocate(Device device, int rows, int entries) {
        return new LogitEdits(
                Tensor.allocate(device, "logit edits' rows", DType.I32, rows + 1, 1),
                Tensor.allocate(device, "logit edits' tokens", DType.I32, entries, 1),
                Tensor.allocate(device, "logit edits", DType.F32, entries, AMOUNTS),
                Tensor.allocate(device, "logits before edits", DType.F32, entries, 1));
    }

    /// What becomes of one logit. One operation in F32 after the other, with one result everywhere:
    /// a negative logit's penalties are a fused multiplication with an addition, which no compiler can make another of.
    ///
    /// @param bias added first; −∞ bans the token
    /// @param repetition divides what is positive and multiplies what is not; 1 for none
    /// @param frequency subtracted then: the penalty times the token's occurrences
    /// @param presence subtracted last
    public static float edited(
            float logit, float bias, float repetition, float frequency, float presence) {
        float biased = logit + bias;
        float repeated =
                biased > 0
                        ? biased / repetition - frequency
                        : Math.fma(biased, repetition, -frequency);
        return repeated - presence;
    }

    /// Writes entry `index`, whose row [#endRow] tells.
    public void write(
            int index, int token, float bias, float repetition, float frequency, float presence) {
        tokens.buffer().contents().setAtIndex(ValueLayout.JAVA_INT, index, token);
        var to = amounts.buffer().contents();
        long at = (long) index * AMOUNTS;
        to.setAtIndex(ValueLayout.JAVA_FLOAT, at, bias);
        to.setAtIndex(ValueLayout.JAVA_FLOAT, at + 1, repetition);
        to.setAtIndex(ValueLayout.JAVA_FLOAT, at + 2, frequency);
        to.setAtIndex(ValueLayout.JAVA_FLOAT, at + 3, presence);
    }

    /// Says that row `row` ends before entry `end`; of rows in ascending order.
    public void endRow(int row, int end) {
        rowStarts.buffer().contents().setAtIndex(ValueLayout.JAVA_INT, row + 1, end);
    }

    /// The first `rows` rows with `entries` entries.
    public LogitEdits first(int rows, int entries) {
        return new LogitEdits(
                rowStarts.firstRows(rows + 1),
                tokens.firstRows(entries),
                amounts.firstRows(entries),
                before.firstRows(entries));
    }

    /// A logit of a row as it was before its edits, after the step.
    ///
    /// @param row of the edits
    /// @param logits that row's, `[1, vocabulary]`
    public float before(int row, Tensor logits, int token) {
        var starts = rowStarts.buffer().contents();
        int end = starts.getAtIndex(ValueLayout.JAVA_INT, row + 1);
        for (int i = starts.getAtIndex(ValueLayout.JAVA_INT, row); i < end; i++) {
            if (tokens.buffer().contents().getAtIndex(ValueLayout.JAVA_INT, i) == token) {
                return before.buffer().contents().getAtIndex(ValueLayout.JAVA_FLOAT, i);
            }
        }
        return logits.contents().getAtIndex(ValueLayout.JAVA_FLOAT, token);
    }

    /// Undoes the edits of a row, after the step.
    ///
    /// @param row of the edits
    /// @param logits that row's, `[1, vocabulary]`
    public void undo(int row, Tensor logits) {
        var starts = rowStarts.buffer().contents();
        int end = starts.getAtIndex(ValueLayout.JAVA_INT, row + 1);
        for (int i = starts.getAtIndex(ValueLayout.JAVA_INT, row); i < end; i++) {
            int token = tokens.buffer().contents().getAtIndex(ValueLayout.JAVA_INT, i);
            float was = before.buffer().contents().getAtIndex(ValueLayout.JAVA_FLOAT, i);
            logits.contents().setAtIndex(ValueLayout.JAVA_FLOAT, token, was);
        }
    }
}
