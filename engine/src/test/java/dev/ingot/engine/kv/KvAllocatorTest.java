package dev.ingot.engine.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ingot.engine.kv.Reservation.Exhausted;
import dev.ingot.engine.kv.Reservation.Reserved;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KvAllocatorTest {
    private static final int BLOCK = 4;
    private static final SequenceId A = new SequenceId(1, 0);
    private static final SequenceId B = new SequenceId(2, 0);
    private static final SequenceId C = new SequenceId(3, 0);
    private static final SequenceId D = new SequenceId(3, 1);

    private KvAllocator allocator = new KvAllocator(BLOCK, 8, true);

    @Test
    void givesASlotToEveryPosition() {
        var slice = prefill(A, prompt(0, 10));
        assertThat(slice.firstPosition()).isZero();
        assertThat(slice.count()).isEqualTo(10);
        assertThat(slice.table().size()).isEqualTo(3);
        assertThat(IntStream.range(0, 12).map(p -> slice.table().slot(0, p)))
                .doesNotHaveDuplicates();
        assertThat(slice.table().slot(0, 9)).isEqualTo(slice.table().block(0, 2) * BLOCK + 1);
        assertThatThrownBy(() -> slice.table().slot(0, 12))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(5, 0, 3, 0));
    }

    @Test
    void takesABlockOnlyWhenTheLastOneIsFull() {
        prefill(A, prompt(0, 7));
        allocator.computed(A, 7);
        assertThat(reserve(demand(A, prompt(0, 8), 7, 1)).table().size()).isEqualTo(2);
        allocator.computed(A, 8);
        assertThat(reserve(demand(A, prompt(0, 9), 8, 1)).table().size()).isEqualTo(3);
        allocator.checkInvariants();
    }

    @Test
    void leavesAViewAsItWasWhenTheTableGrows() {
        allocator = new KvAllocator(1, 100, true);
        var before = prefill(A, prompt(0, 8)).table();
        int[] blocks = IntStream.range(0, 8).map(i -> before.block(0, i)).toArray();
        allocator.computed(A, 8);
        var after = reserve(demand(A, prompt(0, 90), 8, 82)).table();
        assertThat(before.size()).isEqualTo(8);
        assertThat(IntStream.range(0, 8).map(i -> before.block(0, i))).containsExactly(box(blocks));
        assertThat(IntStream.range(0, 8).map(i -> after.block(0, i))).containsExactly(box(blocks));
        assertThat(after.size()).isEqualTo(90);
    }

    @Test
    void changesNothingWhenExhausted() {
        prefillAndCompute(A, prompt(0, 8));
        allocator.release(A, KvAllocator.NO_STEP);
        prefill(B, prompt(100, 8));
        var usage = allocator.usage();
        var counts = allocator.prefixCounts();

        // C alone would fit, and would hit A's first block; together with B's growth it is too
        // much.
        var answer =
                allocator.reserve(
                        List.of(demand(C, prompt(0, 8), 0, 8), demand(B, prompt(100, 36), 8, 28)));

        assertThat(answer).isEqualTo(new Exhausted(1 + 7, 5, 0));
        assertThat(allocator.usage()).isEqualTo(usage);
        assertThat(allocator.prefixCounts()).isEqualTo(counts);
        assertThat(allocator.holds(C)).isFalse();
        allocator.checkInvariants();
        // The order of eviction is as it was: the end of A's blocks goes first, its beginning is
        // still hit.
        prefill(D, prompt(200, 20));
        allocator.release(D, KvAllocator.NO_STEP);
        assertThat(prefill(C, prompt(0, 8)).firstPosition()).isEqualTo(BLOCK);
    }

    @Test
    void doesNotCountACachedBlockBothAsHitAndAsRoom() {
        allocator = new KvAllocator(BLOCK, 3, true);
        prefillAndCompute(A, prompt(0, 12));
        allocator.release(A, KvAllocator.NO_STEP);
        // Two of the three cached blocks are B's hits, so that one is left for the two that it
        // still needs.
        var wanted = demand(B, KnownTokens.of(tokens(0, 8), tokens(500, 8)), 0, 16);
        assertThat(allocator.reserve(List.of(wanted))).isEqualTo(new Exhausted(2, 1, 0));
        allocator.checkInvariants();
    }

    @Test
    void sparesAPrefixThatAnotherSequenceComputed() {
        var first = prefillAndCompute(A, prompt(0, 10));
        var second = prefill(B, prompt(0, 10));
        assertThat(second.firstPosition()).isEqualTo(8);
        assertThat(second.count()).isEqualTo(2);
        assertThat(second.table().block(0, 0)).isEqualTo(first.table().block(0, 0));
        assertThat(second.table().block(0, 1)).isEqualTo(first.table().block(0, 1));
        assertThat(second.table().block(0, 2)).isNotEqualTo(first.table().block(0, 2));
        assertThat(allocator.prefixCounts()).isEqualTo(new PrefixCounts(20, 8, 0));
        allocator.checkInvariants();
    }

    @Test
    void neverSparesTheWholePrompt() {
        prefillAndCompute(A, prompt(0, 8));
        var again = prefill(B, prompt(0, 8));
        assertThat(again.firstPosition()).isEqualTo(4);
        assertThat(again.count()).isEqualTo(4);
        var longer = prefill(C, prompt(0, 9));
        assertThat(longer.firstPosition()).isEqualTo(8);
        assertThat(longer.count()).isEqualTo(1);
    }

    @Test
    void cutsAChunkToWhatThePrefixHitLeaves() {
        prefillAndCompute(A, prompt(0, 8));
        var slice = reserve(demand(B, prompt(0, 20), 0, 6));
        assertThat(slice.firstPosition()).isEqualTo(8);
        assertThat(slice.count()).isEqualTo(6);
        assertThat(slice.table().size()).isEqualTo(4);
    }

    @Test
    void doesNotShareWhatIsNotComputedYet() {
        prefill(A, prompt(0, 10));
        assertThat(prefill(B, prompt(0, 10)).firstPosition()).isZero();
        allocator.computed(A, 5);
        assertThat(reserve(demand(C, prompt(0, 6), 0, 2)).firstPosition()).isEqualTo(4);
        allocator.checkInvariants();
    }

    @Test
    void keepsTheBlocksOfTwoThatComputeTheSameAtOnceApart() {
        var first = prefill(A, prompt(0, 9));
        var second = prefill(B, prompt(0, 9));
        allocator.computed(A, 9);
        allocator.computed(B, 9);
        allocator.checkInvariants();
        var third = prefill(C, prompt(0, 9));
        assertThat(third.firstPosition()).isEqualTo(8);
        assertThat(third.table().block(0, 0)).isEqualTo(first.table().block(0, 0));
        assertThat(third.table().block(0, 0)).isNotEqualTo(second.table().block(0, 0));
        allocator.release(B, KvAllocator.NO_STEP);
        assertThat(allocator.usage())
                .as("B's duplicates are free, not cached")
                .isEqualTo(new KvUsage(4, 0, 4, 0));
    }

    @Test
    void continuesAChainUnderTheBlockOfAnother() {
        allocator = new KvAllocator(BLOCK, 20, true);
        prefill(A, prompt(0, 8));
        prefill(B, prompt(0, 12));
        allocator.computed(A, 8);
        allocator.computed(B, 12);
        assertThat(prefill(C, prompt(0, 13)).firstPosition()).isEqualTo(12);
        allocator.checkInvariants();
    }

    @Test
    void separatesTenantsBySalt() {
        prefillAndCompute(A, prompt(0, 9));
        var other = reserve(new Demand(B, prompt(0, 9), 77, 0, 9));
        assertThat(other.firstPosition()).isZero();
        allocator.computed(B, 9);
        var same = reserve(new Demand(C, prompt(0, 9), 77, 0, 9));
        assertThat(same.firstPosition()).isEqualTo(8);
        assertThat(same.table().block(0, 0)).isEqualTo(other.table().block(0, 0));
    }

    @Test
    void comparesContentsWhenAllHashesCollide() {
        allocator = new KvAllocator(BLOCK, 40, true, (parent, tokens) -> 42);
        prefillAndCompute(A, prompt(0, 9));
        assertThat(prefill(B, prompt(50, 9)).firstPosition()).isZero();
        allocator.computed(B, 9);
        // The second block of A after the first of B: known tokens, but not in this place.
        var mixed = KnownTokens.of(tokens(50, 4), tokens(4, 5));
        assertThat(reserve(demand(C, mixed, 0, 9)).firstPosition()).isEqualTo(4);
        assertThat(reserve(new Demand(new SequenceId(9, 0), prompt(0, 9), 1, 0, 9)).firstPosition())
                .as("another salt")
                .isZero();
        assertThat(prefill(new SequenceId(10, 0), prompt(0, 9)).firstPosition()).isEqualTo(8);
        allocator.checkInvariants();
    }

    @Test
    void doesNotFindABlockWhosePredecessorWasReplaced() {
        allocator = new KvAllocator(BLOCK, 3, true, (parent, tokens) -> 42);
        prefillAndCompute(A, prompt(0, 8));
        prefillAndCompute(B, prompt(0, 4)); // a duplicate of A's first block, private to B
        allocator.release(A, KvAllocator.NO_STEP);
        allocator.release(B, KvAllocator.NO_STEP);
        prefillAndCompute(C, prompt(90, 12)); // evicts everything
        allocator.release(C, KvAllocator.NO_STEP);
        assertThat(prefill(A, prompt(0, 9)).firstPosition()).isZero();
        allocator.checkInvariants();
    }

    @Test
    void evictsWhatWasLetGoLongestAgoAndItsEndFirst() {
        prefillAndCompute(A, prompt(0, 8));
        prefillAndCompute(B, prompt(100, 8));
        allocator.release(B, KvAllocator.NO_STEP);
        allocator.release(A, KvAllocator.NO_STEP);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(4, 4, 0, 0));
        prefill(C, prompt(200, 20)); // four free blocks and one that is cached
        assertThat(allocator.prefixCounts().evictedBlocks()).isEqualTo(1);
        allocator.release(C, KvAllocator.NO_STEP);
        assertThat(firstComputed(prompt(0, 9))).as("A was let go last").isEqualTo(8);
        assertThat(firstComputed(prompt(100, 9)))
                .as("the end of B is gone, its beginning is not")
                .isEqualTo(4);
    }

    @Test
    void usesFreeBlocksBeforeItEvicts() {
        prefillAndCompute(A, prompt(0, 8));
        allocator.release(A, KvAllocator.NO_STEP);
        prefill(B, prompt(100, 24));
        assertThat(allocator.prefixCounts().evictedBlocks()).isZero();
        assertThat(allocator.usage()).isEqualTo(new KvUsage(0, 2, 6, 0));
    }

    @Test
    void givesNoBlockAwayWhileTheStepInFlightMayWriteToIt() {
        prefill(A, prompt(0, 32));
        allocator.release(A, 5);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(0, 0, 0, 8));
        assertThat(allocator.reserve(List.of(demand(B, prompt(50, 1), 0, 1))))
                .isEqualTo(new Exhausted(1, 0, 8));
        allocator.stepEnded(4);
        assertThat(allocator.usage().fenced()).isEqualTo(8);
        allocator.stepEnded(5);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(8, 0, 0, 0));
        allocator.checkInvariants();
    }

    @Test
    void doesNotFenceByAStepThatHasEnded() {
        prefill(A, prompt(0, 4));
        allocator.stepEnded(5);
        allocator.release(A, 5);
        assertThat(allocator.usage().fenced()).isZero();
    }

    @Test
    void hitsAFencedBlockButKeepsItFencedWhenItIsLetGoAgain() {
        prefillAndCompute(A, prompt(0, 8));
        allocator.release(A, 7);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(6, 0, 0, 2));
        var hit = reserve(demand(B, prompt(0, 9), 0, 1));
        assertThat(hit.firstPosition()).isEqualTo(8);
        allocator.checkInvariants();
        // B never ran. Step 7 still reads both of A's blocks.
        allocator.release(B, KvAllocator.NO_STEP);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(6, 0, 0, 2));
        allocator.stepEnded(7);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(6, 2, 0, 0));
        allocator.checkInvariants();
    }

    @Test
    void sharedBlocksWaitForTheLaterFence() {
        prefillAndCompute(A, prompt(0, 8));
        reserve(demand(B, prompt(0, 9), 0, 1));
        allocator.release(A, 9);
        allocator.release(B, 8);
        allocator.stepEnded(8);
        assertThat(allocator.usage().fenced()).isEqualTo(2);
        allocator.stepEnded(9);
        assertThat(allocator.usage().fenced()).isZero();
        allocator.checkInvariants();
    }

    @Test
    void resumesAPreemptedSequenceFromItsOwnBlocks() {
        prefillAndCompute(A, prompt(0, 9));
        allocator.release(A, 3);
        allocator.stepEnded(3);
        var resumed = prefill(A, KnownTokens.of(tokens(0, 9), tokens(700, 2)));
        assertThat(resumed.firstPosition()).isEqualTo(8);
        assertThat(resumed.count()).isEqualTo(3);
    }

    @Test
    void sharesNothingWhenPrefixCachingIsOff() {
        allocator = new KvAllocator(BLOCK, 8, false);
        prefillAndCompute(A, prompt(0, 9));
        assertThat(prefill(B, prompt(0, 9)).firstPosition()).isZero();
        allocator.release(A, KvAllocator.NO_STEP);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(5, 0, 3, 0));
        assertThat(allocator.prefixCounts()).isEqualTo(new PrefixCounts(0, 0, 0));
    }

    @Test
    void findsNothingOfADiscardedSequence() {
        prefillAndCompute(A, prompt(0, 8));
        reserve(demand(B, prompt(0, 9), 0, 1));
        allocator.discard(A, 2);
        allocator.checkInvariants();
        assertThat(prefill(C, prompt(0, 9)).firstPosition()).isZero();
        allocator.release(B, 2);
        allocator.stepEnded(2);
        assertThat(allocator.usage()).isEqualTo(new KvUsage(5, 0, 3, 0));
        allocator.checkInvariants();
    }

    @Test
    void startsAnewWhenTheMemoryIsLost() {
        prefillAndCompute(A, prompt(0, 9));
        allocator.release(A, 3);
        prefill(B, prompt(100, 9));
        allocator.memoryLost();
        assertThat(allocator.usage()).isEqualTo(new KvUsage(8, 0, 0, 0));
        assertThat(allocator.holds(B)).isFalse();
        assertThat(prefill(C, prompt(0, 9)).firstPosition()).isZero();
        allocator.checkInvariants();
    }

    @Test
    void refusesWhatCannotBeTrue() {
        prefillAndCompute(A, prompt(0, 8));
        assertThatThrownBy(() -> allocator.release(B, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> allocator.computed(B, 1))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> allocator.computed(A, 7))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> allocator.computed(A, 9))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> allocator.reserve(List.of(demand(B, prompt(0, 9), 8, 1))))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> allocator.reserve(List.of(demand(A, prompt(0, 9), 7, 1))))
                .as("a computed position, in a block that may be shared by now")
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() ->
                        allocator.reserve(
                                List.of(
                                        demand(A, prompt(0, 9), 8, 1),
                                        demand(A, prompt(0, 9), 8, 1))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> demand(A, prompt(0, 9), 8, 3))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> demand(A, prompt(0, 9), 8, 0))
                .isInstanceOf(IllegalArgumentException.class);
        allocator.release(A, 1);
        assertThatThrownBy(() -> allocator.release(A, 1)).isInstanceOf(IllegalStateException.class);
        allocator.checkInvariants();
    }

    private ReservedSlice prefillAndCompute(SequenceId sequence, KnownTokens tokens) {
        var slice = prefill(sequence, tokens);
        allocator.computed(sequence, tokens.size());
        return slice;
    }

    private ReservedSlice prefill(SequenceId sequence, KnownTokens tokens) {
        return reserve(demand(sequence, tokens, 0, tokens.size()));
    }

    private ReservedSlice reserve(Demand demand) {
        return ((Reserved) allocator.reserve(List.of(demand))).slices().getFirst();
    }

    /// What a sequence with these tokens would be spared; it does not stay.
    private int firstComputed(KnownTokens tokens) {
        var guest = new SequenceId(99, 0);
        int first = reserve(demand(guest, tokens, 0, 1)).firstPosition();
        allocator.release(guest, KvAllocator.NO_STEP);
        return first;
    }

    private static Demand demand(SequenceId sequence, KnownTokens tokens, int first, int count) {
        return new Demand(sequence, tokens, 0, first, count);
    }

    private static KnownTokens prompt(int start, int size) {
        return KnownTokens.of(tokens(start, size), Tokens.NONE);
    }

    private static Tokens tokens(int start, int size) {
        return Tokens.of(IntStream.range(start, start + size).toArray());
    }

    private static Integer[] box(int[] values) {
        return IntStream.of(values).boxed().toArray(Integer[]::new);
    }
}
