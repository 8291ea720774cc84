package dev.ingot.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PhiloxTest {
    /// The known answers that Random123 publishes for philox4x32, 10 rounds.
    @Test
    void givesTheKnownAnswers() {
        assertThat(Philox.block(0, 0, 0, 0, 0, 0))
                .containsExactly(0x6627e8d5L, 0xe169c58dL, 0xbc57ac4cL, 0x9b00dbd8L);
        assertThat(Philox.block(-1, -1, -1, -1, -1, -1))
                .containsExactly(0x408f276dL, 0x41c83b0eL, 0xa20bc7c6L, 0x6d5451fdL);
        assertThat(
                        Philox.block(
                                0xa4093822,
                                0x299f31d0,
                                0x243f6a88,
                                0x85a308d3,
                                0x13198a2e,
                                0x03707344))
                .containsExactly(0xd16cfe09L, 0x94fdccebL, 0x5001e420L, 0x24126ea1L);
    }

    @Test
    void takesItsBitsFromTheFirstTwoWords() {
        assertThat(Philox.bits(0, 0, 0, 0)).isEqualTo(0x6627e8d5e169c58dL);
    }

    @Test
    void differsInEveryPartOfTheKeyAndTheCounter() {
        var seen = new HashSet<Long>();
        for (long seed : new long[] {0, 1, -1, 1L << 32, 1L << 63}) {
            for (int choice = 0; choice < 5; choice++) {
                for (int position = 0; position < 50; position++) {
                    for (int purpose = 0; purpose < 3; purpose++) {
                        seen.add(Philox.bits(seed, choice, position, purpose));
                    }
                }
            }
        }
        assertThat(seen).hasSize(5 * 5 * 50 * 3);
    }

    /// χ² over 64 cells: for 63 degrees of freedom it exceeds 120 once in about 50 000 times. The seeds are fixed.
    @Test
    void isEvenOverPositionsSeedsAndChoices() {
        for (String axis : Set.of("position", "seed", "choice")) {
            int[] cells = new int[64];
            int draws = 64_000;
            for (int i = 0; i < draws; i++) {
                long bits =
                        switch (axis) {
                            case "position" -> Philox.bits(7, 0, i, 0);
                            case "seed" -> Philox.bits(i, 0, 3, 0);
                            default -> Philox.bits(7, i, 3, 0);
                        };
                cells[(int) (bits >>> 58)]++;
            }
            double chiSquare = 0;
            for (int cell : cells) {
                chiSquare += (cell - 1000.0) * (cell - 1000.0) / 1000.0;
            }
            assertThat(chiSquare).as(axis).isBetween(20.0, 120.0);
        }
    }
}
