package dev.ingot.it.sim;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.RequestSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// The clients of a seed: prompts that share beginnings, several choices, every kind of reader.
final class Workload {
    private Workload() {}

    /// One client.
    ///
    /// @param arrival after the start
    /// @param readDelayNanos from one output to the next, at most
    /// @param leaves after its arrival; null if it stays to the end
    /// @param stallsAfter outputs that it reads; [Integer#MAX_VALUE] for all
    record Client(
            RequestSpec spec,
            Duration arrival,
            long readDelayNanos,
            @org.jspecify.annotations.Nullable Duration leaves,
            int stallsAfter) {}

    static List<Client> clients(long seed, SimSettings settings, Faults faults, Ledger ledger) {
        var random = new Random(SimDevice.mix(seed ^ 0xC11E));
        if (settings.crowd() != SimSettings.Crowd.NONE) {
            return crowd(random, settings);
        }
        var beginnings = new ArrayList<Tokens>();
        for (int i = 0; i < 3; i++) {
            beginnings.add(tokens(random, random.nextInt(settings.maxModelLength() / 2)));
        }
        var clients = new ArrayList<Client>();
        long arrivalMillis = 0;
        for (int i = 0; i < settings.requests(); i++) {
            arrivalMillis += random.nextInt(4) == 0 ? random.nextInt(200) : 0;
            var spec = spec(random, 1 + i, beginnings.get(random.nextInt(3)), settings);
            if (faults.happens(Fault.POISON) || faults.happens(Fault.POISON_STEP)) {
                ledger.poisoned(spec.id());
            }
            long delay = random.nextInt(3) == 0 ? random.nextInt(50) : 0;
            if (faults.happens(Fault.CLIENT_SLOW)) {
                delay = 2000;
            }
            var leaves =
                    faults.happens(Fault.CLIENT_LEAVES)
                            ? Duration.ofMillis(random.nextInt(600))
                            : null;
            int stalls =
                    faults.happens(Fault.CLIENT_STALLS) ? random.nextInt(8) : Integer.MAX_VALUE;
            clients.add(
                    new Client(
                            spec,
                            Duration.ofMillis(arrivalMillis),
                            delay * 1_000_000,
                            leaves,
                            stalls));
        }
        return clients;
    }

    /// All want more than there is, from when they come until they are served.
    private static List<Client> crowd(Random random, SimSettings settings) {
        boolean tenants = settings.crowd() == SimSettings.Crowd.OF_TENANTS;
        var clients = new ArrayList<Client>();
        for (int i = 0; i < settings.requests(); i++) {
            // The tenant with the short answers comes later, and has more of them.
            boolean late = tenants && i % 3 > 0;
            var caller =
                    tenants
                            ? new Caller(PriorityClass.NORMAL, late ? "late" : "early")
                            : new Caller(PriorityClass.of(Math.max(-1, i % 6 - 4)), "");
            int most = late || !tenants ? 1 + random.nextInt(8) : 36;
            var params = SamplingParams.greedy(most).toBuilder().seed(i).build();
            var prompt = tokens(random, 4 + random.nextInt(14));
            clients.add(
                    new Client(
                            new RequestSpec(
                                    1 + i,
                                    List.of(new RequestSpec.Choice(prompt, params)),
                                    caller,
                                    Duration.ZERO,
                                    random.nextBoolean(),
                                    "",
                                    true,
                                    false),
                            late ? Duration.ofSeconds(2) : Duration.ZERO,
                            0,
                            null,
                            Integer.MAX_VALUE));
        }
        return clients;
    }

    private static RequestSpec spec(
            Random random, long id, Tokens beginning, SimSettings settings) {
        var choices = new ArrayList<RequestSpec.Choice>();
        int room = settings.maxModelLength() - 1 - beginning.size();
        var prompt = beginning.plus(tokens(random, 1 + random.nextInt(Math.max(1, room / 2))));
        int n = random.nextInt(5) == 0 ? 2 + random.nextInt(2) : 1;
        var params = params(random);
        for (int choice = 0; choice < n; choice++) {
            choices.add(new RequestSpec.Choice(prompt, params));
        }
        String salt = random.nextInt(8) == 0 ? "tenant" : "";
        boolean stream = random.nextInt(4) != 0;
        // A random of their own: whose turn it is changes nothing else about a seed's clients.
        var turns = new Random(SimDevice.mix(prompt.hashCode() + id));
        var caller =
                new Caller(
                        PriorityClass.of(turns.nextInt(4) == 0 ? turns.nextInt(3) - 1 : 0),
                        turns.nextInt(3) == 0 ? "tenant " + turns.nextInt(4) : "");
        boolean hurries = settings.hasDeadlines() && turns.nextInt(12) == 0;
        var timeout = hurries ? Duration.ofMillis(100 + turns.nextInt(3000)) : Duration.ZERO;
        return new RequestSpec(id, choices, caller, timeout, stream, salt, true, false);
    }

    private static SamplingParams params(Random random) {
        int maxTokens = 1 + random.nextInt(random.nextInt(6) == 0 ? 80 : 24);
        var params =
                SamplingParams.greedy(maxTokens).toBuilder()
                        .seed(random.nextLong())
                        .eosTokenIds(random.nextBoolean() ? Tokens.of(0) : Tokens.NONE)
                        .minTokens(random.nextInt(4) == 0 ? 1 + random.nextInt(maxTokens) : 0);
        if (random.nextBoolean()) {
            params.temperature(1.2f).topP(0.95f);
        }
        if (random.nextInt(3) == 0) {
            params.presencePenalty(0.5f).repetitionPenalty(1.1f);
        }
        return params.build();
    }

    private static Tokens tokens(Random random, int count) {
        return Tokens.of(random.ints(count, 1, SimDevice.VOCABULARY).toArray());
    }
}
