package dev.ingot.engine.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.kv.Reservation.Exhausted;
import dev.ingot.engine.kv.Reservation.Reserved;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A model of two groups of layers: one sees everything, the other six positions.
class KvGroupsOfLayersTest {
    private static final int BLOCK = 4;
    private static final int POOL = 30;
    private static final SequenceId A = new SequenceId(1, 0);
    private static final SequenceId B = new SequenceId(2, 0);
    private static final SequenceId FORK = new SequenceId(1, 1);

    private final KvAllocator allocator =
            new KvAllocator(BLOCK, POOL, true, new KvGroups(List.of(0, 6)));

    private static KnownTokens known(int first, int count) {
        return KnownTokens.of(
                Tokens.of(IntStream.range(first, first + count).toArray()), Tokens.NONE);
    }

    private Demand demand(SequenceId id, int from, int to) {
        return new Demand(id, known(0, to), 0, from, to - from);
    }

    private ReservedSlice reserve(Demand demand) {
        return ((Reserved) allocator.reserve(List.of(demand))).slices().getFirst();
    }

    private ReservedSlice compute(SequenceId id, int from, int to) {
        var slice = reserve(demand(id, from, to));
        allocator.computed(id, to);
        allocator.checkInvariants();
        return slice;
    }

    private void release(SequenceId id) {
        allocator.release(id, KvAllocator.NO_STEP);
        allocator.checkInvariants();
    }

    @Test
    void eachGroupHasBlocksOfItsOwn() {
        var table = reserve(demand(A, 0, 10)).table();
        assertThat(table.groups()).isEqualTo(2);
        assertThat(table.size()).isEqualTo(3);
        assertThat(
                        IntStream.range(0, 3)
                                .flatMap(i -> IntStream.of(table.block(0, i), table.block(1, i)))
                                .boxed())
                .doesNotHaveDuplicates();
        assertThat(table.slot(1, 9)).isEqualTo(table.block(1, 2) * BLOCK + 1);
        assertThat(allocator.usage().referenced()).isEqualTo(6);
    }

    @Test
    void onlyTheGroupWithAWindowGivesBackWhatLiesBehindIt() {
        compute(A, 0, 10);
        for (int length = 11; length <= 40; length++) {
            compute(A, length - 1, length);
        }
        // 10 blocks that see everything; position 40 sees 35 to 40: block 8 and 9 of the others.
        assertThat(allocator.usage().referenced()).isEqualTo(10 + 2);
        assertThat(allocator.sharingCounts().windowBlocks()).isEqualTo(8);
        release(A);
        assertThat(allocator.availableBlocks()).isEqualTo(POOL);
    }

    @Test
    void aHitTakesAllOfTheFirstGroupAndTheWindowOfTheSecond() {
        var first = compute(A, 0, 21);
        release(A);
        var hit = reserve(demand(B, 0, 21));
        assertThat(hit.firstPosition()).isEqualTo(20);
        for (int i = 0; i < 5; i++) {
            assertThat(hit.table().block(0, i)).isEqualTo(first.table().block(0, i));
        }
        assertThat(hit.table().block(1, 4)).isEqualTo(first.table().block(1, 4));
        // Position 20 sees 15 to 20: blocks 3 and 4 of the window's, 0 to 4 of the others', and a
        // new one of each.
        assertThat(allocator.usage().referenced()).isEqualTo(5 + 2 + 2);
        allocator.checkInvariants();
    }

    @Test
    void aHitEndsWhereItsWindowIsStillThere() {
        compute(A, 0, 21);
        release(A);
        // What is let go first is taken first, once nothing is free: the blocks behind the window.
        var others = new Demand(B, known(100, 48), 0, 0, 48);
        assertThat(reserve(others).firstPosition()).isZero();
        allocator.discard(B, KvAllocator.NO_STEP);
        allocator.checkInvariants();
        var hit = reserve(demand(A, 0, 21));
        allocator.checkInvariants();
        int usable = hit.firstPosition() / BLOCK;
        assertThat(usable).isLessThan(5);
        allocator.computed(A, 21);
        release(A);
        // Computed again, it is whole again.
        assertThat(reserve(demand(B, 0, 21)).firstPosition()).isEqualTo(20);
        allocator.checkInvariants();
    }

    @Test
    void aForkCopiesTheUnfinishedBlockOfEachGroup() {
        var leader = compute(A, 0, 10);
        var fork = reserve(new Demand(FORK, known(0, 10), 0, 9, 1, A));
        assertThat(fork.copies())
                .containsExactly(
                        new BlockCopy(leader.table().block(0, 2), fork.table().block(0, 2)),
                        new BlockCopy(leader.table().block(1, 2), fork.table().block(1, 2)));
        assertThat(fork.table().block(1, 1)).isEqualTo(leader.table().block(1, 1));
        allocator.computed(FORK, 10);
        allocator.checkInvariants();
        release(A);
        release(FORK);
        assertThat(allocator.availableBlocks()).isEqualTo(POOL);
    }

    @Test
    void bothGroupsCountForWhatFits() {
        assertThat(allocator.reserve(List.of(demand(A, 0, 61))))
                .isEqualTo(new Exhausted(32, POOL, 0));
        assertThat(allocator.reserve(List.of(demand(A, 0, 60)))).isInstanceOf(Reserved.class);
    }

    @Test
    void aDiscardedSequenceLeavesNothingToFindInAnyGroup() {
        compute(A, 0, 21);
        allocator.discard(A, KvAllocator.NO_STEP);
        allocator.checkInvariants();
        assertThat(allocator.usage().free()).isEqualTo(POOL);
        assertThat(reserve(demand(B, 0, 21)).firstPosition()).isZero();
    }
}
