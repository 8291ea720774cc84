package dev.ingot.engine.schedule;

import java.util.Arrays;

/// The last few values of something, and how they are spread.
final class Recent {
    private final double[] values;
    private final double[] sorted;
    private int next;
    private int size;

    /// @param most values that are kept
    Recent(int most) {
        values = new double[most];
        sorted = new double[most];
    }

    void add(double value) {
        values[next] = value;
        next = (next + 1) % values.length;
        size = Math.min(size + 1, values.length);
    }

    void clear() {
        next = 0;
        size = 0;
    }

    int size() {
        return size;
    }

    /// The value that is in the middle.
    ///
    /// @throws IllegalArgumentException where there is none
    double median() {
        return atOrAbove(size / 2 + 1);
    }

    /// The largest value that so many are at or above.
    ///
    /// @throws IllegalArgumentException where the count is less than 1, or there are fewer values
    double atOrAbove(int count) {
        if (count < 1 || count > size) {
            throw new IllegalArgumentException(count + " of " + size + " values");
        }
        System.arraycopy(values, 0, sorted, 0, size);
        Arrays.sort(sorted, 0, size);
        return sorted[size - count];
    }
}
