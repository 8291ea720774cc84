package dev.ingot.engine.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.kv.Reservation.Reserved;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Choices that share their prompt's blocks, and windows that give blocks back.
final class KvSharingTest {
    private static final int BLOCK = 4;
    private static final SequenceId LEADER = new SequenceId(1, 0);
    private static final SequenceId SECOND = new SequenceId(1, 1);
    private static final SequenceId THIRD = new SequenceId(1, 2);
    private static final SequenceId OTHER = new SequenceId(2, 0);

    private KvAllocator allocator = new KvAllocator(BLOCK, 20, true);

    private static Tokens tokens(int first, int count) {
        return Tokens.of(IntStream.range(first, first + count).toArray());
    }

    private static KnownTokens known(int count) {
        return KnownTokens.of(tokens(0, count), Tokens.NONE);
    }

    private List<ReservedSlice> reserve(Demand... demands) {
        return ((Reserved) allocator.reserve(List.of(demands))).slices();
    }

    private ReservedSlice compute(SequenceId id, int from, int to) {
        var slice = reserve(new Demand(id, known(to), 0, from, to - from)).getFirst();
        allocator.computed(id, to);
        allocator.checkInvariants();
        return slice;
    }

    private Demand fork(SequenceId id, int from, int to) {
        return new Demand(id, known(to), 0, from, to - from, LEADER);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void forksShareFullBlocksAndGetACopyOfTheLastOne(boolean prefixCaching) {
        allocator = new KvAllocator(BLOCK, 20, prefixCaching);
        var leader = compute(LEADER, 0, 10);
        var slices = reserve(fork(SECOND, 9, 10), fork(THIRD, 9, 10));
        allocator.checkInvariants();
        for (var slice : slices) {
            assertThat(slice.firstPosition()).isEqualTo(9);
            assertThat(slice.count()).isEqualTo(1);
            assertThat(slice.table().block(0, 0)).isEqualTo(leader.table().block(0, 0));
            assertThat(slice.table().block(0, 1)).isEqualTo(leader.table().block(0, 1));
            assertThat(slice.copies())
                    .containsExactly(
                            new BlockCopy(leader.table().block(0, 2), slice.table().block(0, 2)));
        }
        assertThat(slices.get(0).table().block(0, 2))
                .isNotEqualTo(slices.get(1).table().block(0, 2));
        assertThat(allocator.usage().referenced()).isEqualTo(3 + 2);
        assertThat(allocator.sharingCounts()).isEqualTo(new SharingCounts(18, 2, 0));

        allocator.computed(SECOND, 10);
        allocator.computed(THIRD, 10);
        allocator.checkInvariants();
        allocator.release(LEADER, KvAllocator.NO_STEP);
        allocator.checkInvariants();
        allocator.release(SECOND, KvAllocator.NO_STEP);
        allocator.release(THIRD, KvAllocator.NO_STEP);
        allocator.checkInvariants();
        assertThat(allocator.usage().available()).isEqualTo(20);
    }

    @Test
    void aForkAtABlocksBeginningCopiesNothing() {
        compute(LEADER, 0, 9);
        var slice = reserve(fork(SECOND, 8, 9)).getFirst();
        assertThat(slice.copies()).isEmpty();
        assertThat(allocator.usage().referenced()).isEqualTo(3 + 1);
        allocator.checkInvariants();
    }

    @Test
    void aPromptThatFillsItsLastBlockIsForkedWithACopyOfIt() {
        var leader = compute(LEADER, 0, 8);
        var slice = reserve(fork(SECOND, 7, 8)).getFirst();
        // The last token is computed again, and nobody writes to a block that others read.
        assertThat(slice.copies())
                .containsExactly(
                        new BlockCopy(leader.table().block(0, 1), slice.table().block(0, 1)));
        allocator.computed(SECOND, 8);
        allocator.checkInvariants();
    }

    @Test
    void aForkGoesOnPublishingWhereTheLeaderStood() {
        compute(LEADER, 0, 10);
        reserve(fork(SECOND, 9, 14));
        allocator.computed(SECOND, 14);
        allocator.release(LEADER, KvAllocator.NO_STEP);
        allocator.release(SECOND, KvAllocator.NO_STEP);
        var hit = reserve(new Demand(OTHER, known(14), 0, 0, 14)).getFirst();
        assertThat(hit.firstPosition()).isEqualTo(12);
        allocator.checkInvariants();
    }

    @Test
    void aForkOfOtherTokensOrOfMoreThanIsComputedIsRefused() {
        compute(LEADER, 0, 10);
        assertThatThrownBy(() -> reserve(fork(SECOND, 11, 12)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("take over");
        var others = KnownTokens.of(tokens(50, 12), Tokens.NONE);
        assertThatThrownBy(() -> reserve(new Demand(SECOND, others, 0, 9, 1, LEADER)))
                .isInstanceOf(IllegalStateException.class);
        allocator.checkInvariants();
    }

    @Test
    void blocksBehindTheWindowAreGivenBackAndTheRestStays() {
        allocator = new KvAllocator(BLOCK, 20, false, KvGroups.of(6));
        compute(LEADER, 0, 10);
        // Position 10 sees 5 to 10: the first block is behind it.
        assertThat(allocator.usage().referenced()).isEqualTo(2);
        for (int length = 11; length <= 60; length++) {
            compute(LEADER, length - 1, length);
            assertThat(allocator.usage().referenced()).isLessThanOrEqualTo(3);
        }
        assertThat(allocator.sharingCounts().windowBlocks()).isEqualTo(13);
        allocator.discard(LEADER, KvAllocator.NO_STEP);
        allocator.checkInvariants();
        assertThat(allocator.usage().free()).isEqualTo(20);
    }

    @Test
    void aHitTakesOnlyTheBlocksThatItsWindowSees() {
        allocator = new KvAllocator(BLOCK, 20, true, KvGroups.of(6));
        compute(LEADER, 0, 30);
        allocator.release(LEADER, KvAllocator.NO_STEP);
        assertThat(allocator.usage().cached()).isEqualTo(7);
        var hit = reserve(new Demand(OTHER, known(30), 0, 0, 30)).getFirst();
        assertThat(hit.firstPosition()).isEqualTo(28);
        // Position 28 sees 23 to 28: blocks 5 and 6, and the new one.
        assertThat(allocator.usage().referenced()).isEqualTo(3);
        allocator.checkInvariants();
        allocator.computed(OTHER, 30);
        allocator.release(OTHER, KvAllocator.NO_STEP);
        allocator.checkInvariants();
    }

    @Test
    void aForkInAWindowSharesWhatTheLeaderStillHas() {
        allocator = new KvAllocator(BLOCK, 20, true, KvGroups.of(6));
        compute(LEADER, 0, 10);
        reserve(fork(SECOND, 9, 10));
        allocator.computed(SECOND, 10);
        allocator.checkInvariants();
        assertThat(allocator.usage().referenced()).isEqualTo(2 + 1);
        compute(LEADER, 10, 20);
        // By now the leader has given back what a fork at position 9 would read.
        assertThatThrownBy(() -> reserve(fork(THIRD, 9, 10)))
                .isInstanceOf(IllegalStateException.class);
    }
}
