package dev.ingot.engine.ops;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How [Encoder#sample] chooses one row's token, as numbers that every device computes with alike.
///
/// @param scale [SoftmaxWeight#scale] of the temperature; 0 for the likeliest token and no draw
/// @param reach [SoftmaxWeight#reach] of `min_p`
/// @param topK at most so many of the highest ranks are left; 0 for all
/// @param topP [SoftmaxWeight#share(float)] of `top_p`
/// @param random 64 bits, of which the draw is a function
public record Draw(float scale, int reach, int topK, int topP, long random) {
    /// The likeliest token.
    public static final Draw LIKELIEST = new Draw(0, 0, 0, 0, 0);

    /// `I32` columns of a row of [Encoder#sample]'s `draws`: the bits of `scale`, `reach`, `topK`, `topP`, the lower
    /// half of `random` and the upper one.
    public static final int COLUMNS = 6;

    /// Writes it as row `row` of dense rows of [#COLUMNS].
    public void write(MemorySegment draws, int row) {
        long at = (long) row * COLUMNS;
        draws.setAtIndex(ValueLayout.JAVA_INT, at, Float.floatToRawIntBits(scale));
        draws.setAtIndex(ValueLayout.JAVA_INT, at + 1, reach);
        draws.setAtIndex(ValueLayout.JAVA_INT, at + 2, topK);
        draws.setAtIndex(ValueLayout.JAVA_INT, at + 3, topP);
        draws.setAtIndex(ValueLayout.JAVA_INT, at + 4, (int) random);
        draws.setAtIndex(ValueLayout.JAVA_INT, at + 5, (int) (random >>> 32));
    }
}
