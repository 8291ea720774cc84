package dev.ingot.kernels.parity;

import dev.ingot.engine.ops.Device;
import java.util.function.Function;

/// An op at one shape, computed from the same random inputs on any device.
///
/// @param op its name, and the format of weights or cache where there is one: a row of the table of errors
/// @param shape what is particular about it
/// @param tolerance how far an element may be from the oracle's, or that part of it where it is above 1
/// @param compute puts the inputs on the device, runs, and reads what came out
public record OpCase(
        String op, String shape, double tolerance, Function<Device, float[][]> compute) {
    /// The largest error of a device, in the measure of [#tolerance]; infinite where one has a number and
    /// the other has none.
    public static double error(float[][] actual, float[][] expected) {
        double worst = actual.length == expected.length ? 0 : Double.POSITIVE_INFINITY;
        for (int r = 0; r < Math.min(actual.length, expected.length); r++) {
            if (actual[r].length != expected[r].length) {
                return Double.POSITIVE_INFINITY;
            }
            for (int c = 0; c < actual[r].length; c++) {
                double a = actual[r][c];
                double e = expected[r][c];
                if (a == e || (Double.isNaN(a) && Double.isNaN(e))) {
                    continue;
                }
                double error = Math.abs(a - e) / Math.max(1, Math.abs(e));
                worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
            }
        }
        return worst;
    }

    @Override
    public String toString() {
        return op + " " + shape;
    }
}
