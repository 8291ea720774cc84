package dev.ingot.it.sim;

import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;

/// Decides at every opportunity whether a fault happens, and keeps count of those that did.
final class Faults {
    private final Predicate<Fault> decision;
    private final Map<Fault, Integer> occasions = new EnumMap<>(Fault.class);
    private final Map<Fault, Integer> happened = new EnumMap<>(Fault.class);
    private boolean over;

    private Faults(Predicate<Fault> decision) {
        this.decision = decision;
    }

    static Faults none() {
        return new Faults(_ -> false);
    }

    /// Every kind is possible in one seed of two, and then happens about so often per request: what has many opportunities
    /// in a request's life takes each of them more rarely.
    ///
    /// A crowd is left in peace: what it is held to is who gets how much of a sound engine.
    static Faults random(long seed, SimSettings settings, double probability) {
        if (settings.crowd() != SimSettings.Crowd.NONE) {
            return none();
        }
        var random = new Random(SimDevice.mix(seed ^ 0xFA117));
        var active = new EnumMap<Fault, Boolean>(Fault.class);
        for (var fault : Fault.values()) {
            active.put(fault, random.nextBoolean());
        }
        return new Faults(fault ->
                random.nextDouble() < 2 * probability / opportunities(fault)
                        && Boolean.TRUE.equals(active.get(fault)));
    }

    /// How often a request of average length gives occasion to a fault.
    private static double opportunities(Fault fault) {
        return switch (fault) {
            case SCHEDULER_THROWS, ALLOCATOR_THROWS -> 60;
            case REQUEST_THROWS, NAN_ROW -> 12;
            case STEP_OUT_OF_MEMORY,
                    STEP_TIMEOUT,
                    STEP_INTERNAL,
                    DEVICE_PAGE_FAULT,
                    DEVICE_LOST,
                    WORKER_CRASH_BEFORE_WRITING,
                    WORKER_CRASH_BEFORE_REPLY,
                    STEP_HANGS,
                    REPLY_AFTER_WATCHDOG,
                    SCHEDULER_KILLED,
                    ALLOCATOR_KILLED,
                    WORKER_KILLED ->
                    6;
            case SCHEDULER_KILLED_WITH_WORKER -> 0.05;
            default -> 1;
        };
    }

    /// Exactly this fault, at its opportunities from `first` to `last`, counted from 1.
    static Faults only(Fault wanted, int first, int last) {
        int[] seen = new int[1];
        return new Faults(fault -> fault == wanted && ++seen[0] >= first && seen[0] <= last);
    }

    /// Exactly this fault at its `nth` opportunity.
    static Faults once(Fault wanted, int nth) {
        return only(wanted, nth, nth);
    }

    /// One fault at its first opportunities, and another one at its own.
    static Faults sequence(Fault first, int firstTimes, Fault second, int secondTimes) {
        int[] seen = new int[2];
        return new Faults(fault ->
                (fault == first && ++seen[0] <= firstTimes)
                        || (fault == second && ++seen[1] <= secondTimes));
    }

    /// Whether it happens now.
    boolean happens(Fault fault) {
        occasions.merge(fault, 1, Integer::sum);
        if (over || !decision.test(fault)) {
            return false;
        }
        happened.merge(fault, 1, Integer::sum);
        return true;
    }

    /// Nothing fails from now on.
    void over() {
        over = true;
    }

    int count(Fault fault) {
        return happened.getOrDefault(fault, 0);
    }

    Map<Fault, Integer> happened() {
        return Map.copyOf(happened);
    }

    /// How often each could have happened.
    Map<Fault, Integer> occasions() {
        return Map.copyOf(occasions);
    }
}
