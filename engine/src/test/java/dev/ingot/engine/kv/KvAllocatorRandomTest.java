package dev.ingot.engine.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.kv.Reservation.Exhausted;
import dev.ingot.engine.kv.Reservation.Reserved;
import dev.ingot.engine.kv.Reservation.ReservedSlice;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Random schedules against a model of the KV memory itself: every slot remembers which token, after which others, under
/// which salt was written to it. A step writes late, when it ends, as a device may; by then every slot that it reads
/// must hold exactly its own sequence's history, or a block was aliased, reused too early or wrongly shared.
class KvAllocatorRandomTest {
    private static final int BLOCK = 4;
    private static final int BLOCKS = 24;

    private record Slice(Timeline sequence, ReservedSlice reserved) {}

    private record Step(long id, List<Slice> slices) {}

    private static final class Timeline {
        final SequenceId id;
        final long salt;
        Tokens prompt;
        Tokens generated = Tokens.NONE;
        int computed;
        boolean running;

        Timeline(SequenceId id, long salt, Tokens prompt) {
            this.id = id;
            this.salt = salt;
            this.prompt = prompt;
        }

        KnownTokens tokens() {
            return KnownTokens.of(prompt, generated);
        }

        int size() {
            return prompt.size() + generated.size();
        }

        /// What the slot of `position` has to hold: all up to there.
        List<Long> history(int position) {
            var history = new ArrayList<Long>();
            history.add(salt);
            for (int i = 0; i <= position; i++) {
                history.add((long) tokens().at(i));
            }
            return history;
        }
    }

    private final Map<Integer, List<Long>> memory = new HashMap<>();
    private final List<Timeline> sequences = new ArrayList<>();
    private final List<Step> inFlight = new ArrayList<>();
    private long nextSequence;
    private long nextStep = 1;
    private int exhausted;
    private int hits;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void neverMixesUpTwoSequences(boolean prefixCaching) {
        for (long seed = 0; seed < 60; seed++) {
            run(seed, new KvAllocator(BLOCK, BLOCKS, prefixCaching));
        }
        assertThat(exhausted).as("runs that met a full pool").isPositive();
        assertThat(hits > 0).as("prefix hits happened").isEqualTo(prefixCaching);
    }

    @ParameterizedTest
    @ValueSource(longs = {42, -1})
    void neverMixesUpTwoSequencesWhenEveryHashCollides(long hash) {
        for (long seed = 0; seed < 20; seed++) {
            run(seed, new KvAllocator(BLOCK, BLOCKS, true, (parent, tokens) -> hash));
        }
        assertThat(hits).isPositive();
    }

    private void run(long seed, KvAllocator allocator) {
        memory.clear();
        sequences.clear();
        inFlight.clear();
        var random = new Random(seed);
        int operation = 0;
        try {
            for (; operation < 400; operation++) {
                operate(random, allocator);
                allocator.checkInvariants();
            }
            while (!inFlight.isEmpty()) {
                endStep(random, allocator);
            }
            for (var sequence : sequences) {
                if (sequence.running) {
                    allocator.release(sequence.id, KvAllocator.NO_STEP);
                }
            }
            allocator.checkInvariants();
            assertThat(allocator.usage().available()).isEqualTo(BLOCKS);
        } catch (AssertionError | RuntimeException failure) {
            throw new AssertionError("seed " + seed + ", operation " + operation, failure);
        }
    }

    private void operate(Random random, KvAllocator allocator) {
        switch (random.nextInt(8)) {
            case 0 -> arrive(random);
            case 1, 2, 3 -> {
                if (inFlight.size() < 2) {
                    startStep(random, allocator);
                }
            }
            case 4, 5, 6 -> {
                if (!inFlight.isEmpty()) {
                    endStep(random, allocator);
                }
            }
            default -> {
                if (!sequences.isEmpty()) {
                    letGo(random, allocator);
                }
            }
        }
    }

    /// Few different tokens and salts, so that prefixes are often the same.
    private void arrive(Random random) {
        if (sequences.size() < 8) {
            int[] prompt = new int[1 + random.nextInt(20)];
            int kind = random.nextInt(3);
            for (int i = 0; i < prompt.length; i++) {
                prompt[i] = random.nextInt(12) == 0 ? random.nextInt(3) : kind;
            }
            sequences.add(
                    new Timeline(
                            new SequenceId(nextSequence++, 0),
                            random.nextInt(2),
                            Tokens.of(prompt)));
        }
    }

    private void startStep(Random random, KvAllocator allocator) {
        var members = new ArrayList<Timeline>();
        var demands = new ArrayList<Demand>();
        for (var sequence : sequences) {
            boolean busy =
                    inFlight.stream()
                            .flatMap(s -> s.slices().stream())
                            .anyMatch(s -> s.sequence() == sequence);
            if (!busy && random.nextInt(3) > 0) {
                int first = sequence.running ? sequence.computed : 0;
                int count = 1 + random.nextInt(sequence.size() - first);
                members.add(sequence);
                demands.add(
                        new Demand(sequence.id, sequence.tokens(), sequence.salt, first, count));
            }
        }
        var usage = allocator.usage();
        switch (allocator.reserve(demands)) {
            case Exhausted full -> {
                exhausted++;
                assertThat(full.neededBlocks()).isGreaterThan(full.availableBlocks());
                assertThat(allocator.usage()).isEqualTo(usage);
                members.forEach(
                        each -> assertThat(allocator.holds(each.id)).isEqualTo(each.running));
            }
            case Reserved granted -> {
                var slices = new ArrayList<Slice>();
                for (int i = 0; i < members.size(); i++) {
                    var sequence = members.get(i);
                    var slice = granted.slices().get(i);
                    assertThat(slice.sequence()).isEqualTo(sequence.id);
                    if (!sequence.running && slice.firstPosition() > 0) {
                        hits++;
                    }
                    sequence.running = true;
                    sequence.computed = slice.firstPosition();
                    slices.add(new Slice(sequence, slice));
                }
                slices.forEach(this::assertNobodyElseUsesWhatItWrites);
                if (!slices.isEmpty()) {
                    inFlight.add(new Step(nextStep++, slices));
                }
            }
        }
    }

    /// No step in flight reads or writes a block that this slice is going to write to.
    private void assertNobodyElseUsesWhatItWrites(Slice slice) {
        var reserved = slice.reserved();
        for (int i = reserved.firstPosition() / BLOCK; i < reserved.table().size(); i++) {
            for (var step : inFlight) {
                for (var other : step.slices()) {
                    for (int j = 0; j < other.reserved().table().size(); j++) {
                        assertThat(other.reserved().table().block(0, j))
                                .as("in use by %s in step %d", other.sequence().id, step.id())
                                .isNotEqualTo(reserved.table().block(0, i));
                    }
                }
            }
        }
    }

    /// The oldest step writes, reads what it attends to, and ends; it may also fail after it wrote.
    private void endStep(Random random, KvAllocator allocator) {
        var step = inFlight.removeFirst();
        for (var slice : step.slices()) {
            var reserved = slice.reserved();
            for (int i = 0; i < reserved.count(); i++) {
                int position = reserved.firstPosition() + i;
                memory.put(reserved.table().slot(0, position), slice.sequence().history(position));
            }
        }
        for (var slice : step.slices()) {
            int end = slice.reserved().firstPosition() + slice.reserved().count();
            for (int position = 0; position < end; position++) {
                assertThat(memory.get(slice.reserved().table().slot(0, position)))
                        .as("%s at %d in step %d", slice.sequence().id, position, step.id())
                        .isEqualTo(slice.sequence().history(position));
            }
        }
        boolean failed = random.nextInt(10) == 0;
        for (var slice : step.slices()) {
            var sequence = slice.sequence();
            if (failed || !sequences.contains(sequence) || !sequence.running) {
                continue;
            }
            int end = slice.reserved().firstPosition() + slice.reserved().count();
            allocator.computed(sequence.id, end);
            sequence.computed = end;
            if (end == sequence.size()) {
                sequence.generated = sequence.generated.plus(Tokens.of(random.nextInt(2)));
            }
        }
        allocator.stepEnded(step.id());
    }

    /// Finishes, discards or preempts a sequence, fenced by the latest step if it takes part in one, and at times if not.
    private void letGo(Random random, KvAllocator allocator) {
        var sequence = sequences.get(random.nextInt(sequences.size()));
        boolean inStep =
                inFlight.stream()
                        .flatMap(s -> s.slices().stream())
                        .anyMatch(s -> s.sequence() == sequence);
        if (sequence.running) {
            boolean fenced = inStep || (!inFlight.isEmpty() && random.nextBoolean());
            long fence = fenced ? inFlight.getLast().id() : KvAllocator.NO_STEP;
            if (random.nextInt(4) == 0) {
                allocator.discard(sequence.id, fence);
            } else {
                allocator.release(sequence.id, fence);
            }
        }
        sequence.running = false;
        sequence.computed = 0;
        // One that is in a step is forgotten: here, being in two steps of one's own would be the
        // scheduler's mistake.
        if (inStep || sequence.size() > 30 || random.nextBoolean()) {
            sequences.remove(sequence);
        }
    }
}
