package dev.ingot.kernels.parity;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.Tokens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Rows of logits of every kind, parameters of every kind, and what devices make of them.
public final class Samples {
    private static final float NO = Float.NEGATIVE_INFINITY;

    private Samples() {}

    /// Ordinary rows, rows with ties, with little or nothing to choose from, and broken ones.
    public static float[][] rows(long seed, int n) {
        float[][] rows = Data.rows(seed, 12, n);
        for (int i = 0; i < n; i++) {
            rows[1][i] *= 4;
            rows[2][i] = Math.round(rows[2][i]);
            rows[3][i] = i % 5 == 0 ? rows[3][i] : NO;
            rows[4][i] = i % 2 == 0 ? -0f : 0f;
            rows[5][i] = rows[5][i] * 1e30f;
            rows[6][i] = i == n / 2 ? -7 : NO;
            rows[7][i] = rows[7][i] * 1e-3f - 1000;
        }
        Arrays.fill(rows[8], NO);
        rows[9][n - 1] = Float.NaN;
        rows[10][n / 2] = Float.POSITIVE_INFINITY;
        rows[11][n / 3] = Float.MAX_VALUE;
        return rows;
    }

    /// So many, of every filter and none.
    public static List<SamplingParams> params(Random random, int count, int n) {
        var params = new ArrayList<SamplingParams>();
        float[] temperatures = {0, 1, 1, 0.6f, 100, 1e-3f, Float.MIN_VALUE};
        int[] topKs = {0, 0, 1, 2, 50, n, n / 2, Integer.MAX_VALUE};
        float[] topPs = {1, 1, 0.9f, 0.5f, 1e-6f, Float.MIN_VALUE, Math.nextDown(1f)};
        float[] minPs = {0, 0, 0.05f, 1, 1e-9f};
        for (int i = 0; i < count; i++) {
            params.add(
                    SamplingParams.greedy(100).toBuilder()
                            .temperature(temperatures[random.nextInt(temperatures.length)])
                            .topK(topKs[random.nextInt(topKs.length)])
                            .topP(topPs[random.nextInt(topPs.length)])
                            .minP(minPs[random.nextInt(minPs.length)])
                            .seed(random.nextLong())
                            .build());
        }
        return params;
    }

    /// The tokens that a device draws; −1 where it refuses.
    public static int[] tokens(Device device, float[][] rows, List<SamplingParams> params) {
        var x = Data.strided(device, rows, 3);
        var tokens = Steps.ints(device, new int[rows.length][2]).columns(1, 1);
        var draws = Tensor.allocate(device, "draws", DType.I32, rows.length, Draw.COLUMNS);
        for (int r = 0; r < rows.length; r++) {
            new SequenceSampler(params.get(r), 0, Tokens.NONE, Tokens.NONE, rows[r].length)
                    .draw(0)
                    .write(draws.contents(), r);
        }
        Steps.run(device, enc -> enc.sample(tokens, x, draws));
        int[] found = new int[rows.length];
        for (int r = 0; r < found.length; r++) {
            found[r] = Steps.intAt(tokens, r);
        }
        return found;
    }

    /// Rows after edits of every kind, in some rows and not in others: the bits that the host finds, or this fails.
    public static float[][] edited(Device device, Random random, int n) {
        float[][] rows = Data.rows(random.nextLong(), 5, n);
        rows[3][n / 2] = NO;
        float[][] expected = new float[rows.length][];
        var edits = LogitEdits.allocate(device, rows.length, rows.length * n + 1);
        int entries = 0;
        for (int r = 0; r < rows.length; r++) {
            expected[r] = rows[r].clone();
            for (int token = 0; token < n && r != 1; token += 1 + random.nextInt(3)) {
                float bias = random.nextInt(4) == 0 ? NO : (float) random.nextGaussian();
                float repetition = 0.5f + random.nextFloat();
                float frequency = random.nextFloat() - 0.5f;
                float presence = random.nextFloat() - 0.5f;
                edits.write(entries++, token, bias, repetition, frequency, presence);
                expected[r][token] =
                        LogitEdits.edited(rows[r][token], bias, repetition, frequency, presence);
            }
            edits.endRow(r, entries);
        }
        var x = Data.strided(device, rows, 2);
        var first = edits.first(rows.length, entries);
        Steps.run(device, enc -> enc.processLogits(x, first));
        float[][] found = Data.read(x);
        for (int r = 0; r < rows.length; r++) {
            Data.assertSameBits("row " + r + " of " + n, found[r], expected[r]);
            edits.undo(r, x.row(r));
            Data.assertSameBits("row " + r + " undone", Steps.row(x, r), rows[r]);
        }
        return found;
    }

    /// A row as the host's sampler takes it.
    public static MemorySegment segment(float[] row) {
        var segment = Arena.ofAuto().allocate((long) row.length * Float.BYTES, Float.BYTES);
        MemorySegment.copy(row, 0, segment, ValueLayout.JAVA_FLOAT, 0, row.length);
        return segment;
    }
}
