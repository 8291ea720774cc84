package dev.ingot.engine.schedule;

import dev.ingot.engine.sequence.PriorityClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.TreeMap;

/// Who waits, in the order of their turns: by class ([ClassShares]), within a class by tenant ([TenantShares]), and a
/// tenant's own sequences in the order of their arrival.
///
/// A sequence that lost its blocks comes back to the place that its arrival gave it. Iterating tells the order as it
/// would be if everybody met on the way were let in.
public final class WaitingLine implements Iterable<Sequence> {
    private final ClassShares classes;
    private final Map<PriorityClass, Lane> lanes = new EnumMap<>(PriorityClass.class);
    private long arrivals;
    private int size;
    private boolean suspected;

    /// One class.
    private static final class Lane {
        final TenantShares shares = new TenantShares();

        /// By tenant, only those with something waiting; each by the number of arrival.
        final Map<String, TreeMap<Long, Sequence>> queues = new LinkedHashMap<>();
    }

    public WaitingLine(SchedulingPolicy policy) {
        classes = new ClassShares(policy.normalShare(), policy.lowShare());
        for (var each : PriorityClass.values()) {
            lanes.put(each, new Lane());
        }
    }

    /// Takes its place: the last of its tenant's, or the one it had.
    public void add(Sequence sequence) {
        if (sequence.arrival() == 0) {
            sequence.arrived(++arrivals);
        }
        var lane = lane(sequence);
        String tenant = sequence.caller().tenant();
        var queue = lane.queues.get(tenant);
        if (queue == null) {
            lane.shares.arrive(tenant, lane.queues.keySet());
            queue = new TreeMap<>();
            lane.queues.put(tenant, queue);
        }
        if (queue.put(sequence.arrival(), sequence) == null) {
            size++;
        }
        suspected |= sequence.isSuspect();
    }

    /// It waits no more.
    ///
    /// @return whether it waited
    public boolean remove(Sequence sequence) {
        var queues = lane(sequence).queues;
        var queue = queues.get(sequence.caller().tenant());
        if (queue == null || !queue.remove(sequence.arrival(), sequence)) {
            return false;
        }
        size--;
        if (queue.isEmpty()) {
            queues.remove(sequence.caller().tenant());
        }
        return true;
    }

    public int size() {
        return size;
    }

    /// How many wait in a class.
    public int size(PriorityClass priority) {
        int count = 0;
        for (var queue : lane(priority).queues.values()) {
            count += queue.size();
        }
        return count;
    }

    /// All that wait, in no order that means anything.
    public List<Sequence> all() {
        var all = new ArrayList<Sequence>(size);
        lanes.values()
                .forEach(lane -> lane.queues.values().forEach(queue -> all.addAll(queue.values())));
        return all;
    }

    /// Those that run alone or not at all, oldest first.
    public List<Sequence> suspects() {
        if (!suspected) {
            return List.of();
        }
        var suspects = new ArrayList<Sequence>();
        for (var sequence : all()) {
            if (sequence.isSuspect()) {
                suspects.add(sequence);
            }
        }
        suspects.sort(Comparator.comparingLong(Sequence::arrival));
        suspected = !suspects.isEmpty();
        return suspects;
    }

    /// The smaller, the sooner it is this sequence's turn, as far as its class decides it.
    int rank(Sequence sequence) {
        return classes.order().indexOf(sequence.priority());
    }

    /// Whether a class has got less than its reserved share lately.
    public boolean isShort(PriorityClass priority) {
        return classes.isShort(priority);
    }

    /// It runs for the first time: the tenant pays for its prompt, as far as it has to be computed.
    public void chargePrompt(Sequence sequence) {
        charge(sequence, TenantShares.PROMPT_TOKEN * promptCost(sequence));
    }

    /// A token was sampled for it.
    public void chargeOutput(Sequence sequence) {
        charge(sequence, TenantShares.OUTPUT_TOKEN);
    }

    /// Tokens of it were computed.
    public void chargeComputed(Sequence sequence, int tokens) {
        classes.charge(sequence.caller().priority(), tokens);
    }

    private void charge(Sequence sequence, long cost) {
        lane(sequence).shares.charge(sequence.caller().tenant(), cost);
    }

    private static long promptCost(Sequence sequence) {
        return (long) sequence.promptLength() - sequence.cached();
    }

    private Lane lane(Sequence sequence) {
        return lane(sequence.caller().priority());
    }

    private Lane lane(PriorityClass priority) {
        return Objects.requireNonNull(lanes.get(priority));
    }

    @Override
    public Iterator<Sequence> iterator() {
        return new Turns();
    }

    private final class Turns implements Iterator<Sequence> {
        private final Iterator<PriorityClass> order = classes.order().iterator();
        private final Map<String, Iterator<Sequence>> left = new LinkedHashMap<>();
        private final Map<String, Long> counters = new HashMap<>();

        @Override
        public boolean hasNext() {
            while (left.isEmpty() && order.hasNext()) {
                enter(lane(order.next()));
            }
            return !left.isEmpty();
        }

        private void enter(Lane lane) {
            counters.clear();
            for (var queue : lane.queues.entrySet()) {
                counters.put(queue.getKey(), lane.shares.counter(queue.getKey()));
                left.put(queue.getKey(), queue.getValue().values().iterator());
            }
        }

        @Override
        public Sequence next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            String tenant = leastServed();
            var queue = Objects.requireNonNull(left.get(tenant));
            var sequence = queue.next();
            if (!sequence.hasStarted()) {
                counters.merge(tenant, promptCost(sequence), Long::sum);
            }
            if (!queue.hasNext()) {
                left.remove(tenant);
            }
            return sequence;
        }

        private String leastServed() {
            String least = null;
            long leastCounter = Long.MAX_VALUE;
            for (String tenant : left.keySet()) {
                long counter = Objects.requireNonNull(counters.get(tenant));
                if (least == null || counter < leastCounter) {
                    least = tenant;
                    leastCounter = counter;
                }
            }
            return Objects.requireNonNull(least);
        }
    }
}
