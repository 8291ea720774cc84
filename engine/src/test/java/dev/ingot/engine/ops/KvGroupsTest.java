package dev.ingot.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class KvGroupsTest {
    private static final int BLOCK = 4;

    @Test
    void whatLiesBehindAWindowIsCountedInWholeBlocks() {
        var groups = new KvGroups(List.of(0, 6));
        assertThat(groups.behind(0, 1000, BLOCK)).isZero();
        // Position 8 sees 3 to 8, position 9 sees 4 to 9.
        assertThat(groups.behind(1, 8, BLOCK)).isZero();
        assertThat(groups.behind(1, 9, BLOCK)).isEqualTo(1);
        assertThat(groups.behind(1, 0, BLOCK)).isZero();
    }

    @Test
    void aLongSequenceHoldsAllOfTheFirstGroupAndAWindowOfTheSecond() {
        var groups = new KvGroups(List.of(0, 6));
        assertThat(groups.most(10, BLOCK, 5)).isEqualTo(3 + 3);
        assertThat(groups.most(400, BLOCK, 5)).isEqualTo(100 + 4 + 2);
        assertThat(KvGroups.of(6).most(1_000_000, BLOCK, 5)).isEqualTo(6);
        assertThat(KvGroups.ONE.most(10, BLOCK, 5)).isEqualTo(3);
    }

    @Test
    void theLongestIsTheLastThatFits() {
        var groups = new KvGroups(List.of(0, 6));
        for (long blocks = 0; blocks < 120; blocks++) {
            int longest = groups.longest(400, blocks, BLOCK, 5);
            assertThat(groups.most(longest, BLOCK, 5)).isLessThanOrEqualTo(blocks);
            if (longest < 400) {
                assertThat(groups.most(longest + 1, BLOCK, 5)).isGreaterThan(blocks);
            }
        }
        assertThat(groups.longest(400, 106, BLOCK, 5)).isEqualTo(400);
    }

    @Test
    void theFirstGroupSeesFurthest() {
        assertThatThrownBy(() -> new KvGroups(List.of(6, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[6, 0]");
        assertThatThrownBy(() -> new KvGroups(List.of(6, 8)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new KvGroups(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
