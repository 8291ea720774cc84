package dev.ingot.kernels.parity;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;

/// Random inputs, the same for every device that they are put on, and comparisons of what comes out.
public final class Data {
    private Data() {}

    /// Normally distributed rows.
    public static float[][] rows(long seed, int rows, int columns) {
        var random = new Random(seed);
        float[][] values = new float[rows][columns];
        for (float[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        return values;
    }

    /// Rows that a variant of the kernels multiplies as they are: in BF16 where it would round them to it.
    public static float[][] unrounded(String variant, DType weights, float[][] rows) {
        if (!variant.endsWith("bf16") || weights != DType.BF16) {
            return rows;
        }
        float[][] rounded = new float[rows.length][];
        for (int r = 0; r < rows.length; r++) {
            rounded[r] = rows[r].clone();
            for (int i = 0; i < rounded[r].length; i++) {
                rounded[r][i] = bf16(rounded[r][i]);
            }
        }
        return rounded;
    }

    /// The nearest BF16, the even one of two.
    static float bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
    }

    /// These rows on a device, as columns 1 … of a wider tensor whose other columns hold NaN.
    public static Tensor strided(Device device, float[][] rows, int extraColumns) {
        int columns = rows[0].length;
        float[][] wide = new float[rows.length][columns + extraColumns];
        for (int r = 0; r < rows.length; r++) {
            java.util.Arrays.fill(wide[r], Float.NaN);
            System.arraycopy(rows[r], 0, wide[r], Math.min(1, extraColumns), columns);
        }
        return Steps.floats(device, wide).columns(Math.min(1, extraColumns), columns);
    }

    /// A weight tensor at an odd address, as safetensors may have it.
    public static HostTensor weights(long seed, DType dtype, int out, int in) {
        var random = new Random(seed);
        int bytes = (int) dtype.bytes((long) out * in);
        var data = MemorySegment.ofArray(new byte[bytes + 1]).asSlice(1);
        double scale = 1 / Math.sqrt(in);
        for (int i = 0; i < out * in; i++) {
            float value = (float) (random.nextGaussian() * scale);
            if (dtype == DType.F32) {
                data.set(JAVA_FLOAT_UNALIGNED, 4L * i, value);
            } else {
                short bits =
                        dtype == DType.F16
                                ? Float.floatToFloat16(value)
                                : (short) (Float.floatToRawIntBits(value) >>> 16);
                data.set(JAVA_SHORT_UNALIGNED, 2L * i, bits);
            }
        }
        return new HostTensor(
                "weights" + seed, dtype, List.of((long) out, (long) in), data.asReadOnly());
    }

    public static float[][] read(Tensor tensor) {
        float[][] values = new float[tensor.rows()][];
        for (int r = 0; r < values.length; r++) {
            values[r] = Steps.row(tensor, r);
        }
        return values;
    }

    /// That no element is further from the oracle's than `tolerance`, or than that part of it where it is
    /// larger than 1.
    public static void assertClose(String what, Tensor actual, Tensor expected, double tolerance) {
        float[][] a = read(actual);
        float[][] e = read(expected);
        assertThat(a.length).as(what).isEqualTo(e.length);
        for (int r = 0; r < a.length; r++) {
            for (int c = 0; c < a[r].length; c++) {
                if (!(Math.abs(a[r][c] - (double) e[r][c])
                        <= tolerance * Math.max(1, Math.abs(e[r][c])))) {
                    assertThat(a[r][c])
                            .as("%s: [%d, %d], within %s", what, r, c, tolerance)
                            .isEqualTo(e[r][c]);
                }
            }
        }
    }

    /// That every element has the same bits.
    public static void assertSameBits(String what, float[] actual, float[] expected) {
        assertThat(actual.length).as(what).isEqualTo(expected.length);
        for (int i = 0; i < actual.length; i++) {
            if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[i])) {
                assertThat(actual[i]).as("%s: bits of column %d", what, i).isEqualTo(expected[i]);
                assertThat(Float.floatToRawIntBits(actual[i]))
                        .as("%s: bits of column %d", what, i)
                        .isEqualTo(Float.floatToRawIntBits(expected[i]));
            }
        }
    }
}
