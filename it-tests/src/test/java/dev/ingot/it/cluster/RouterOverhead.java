package dev.ingot.it.cluster;

import dev.ingot.it.cluster.TokenClient.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/// What a router costs, against the same engine that is asked itself, both on this machine and as the launcher starts
/// them, by turns.
///
/// With a played engine, which computes nothing, the difference is the router's own. With a real one the router takes
/// computing time away from the engine, as long as both are on the same cores. What any process in between costs is
/// measured by one that passes bytes on ([RelayMain]).
final class RouterOverhead {
    private static final int ROUNDS = 5;
    private static final Duration WARM_UP = Duration.ofSeconds(5);

    /// In a round: all tokens of a step come late together, so that of 100 steps the slowest would be the 99th percentile.
    private static final int STEPS = 500;

    /// How long a stream of the played engine takes.
    private static final Duration STREAM = Duration.ofSeconds(2);

    /// Of requests, for a 99th percentile to say anything.
    private static final int ENOUGH = 100;

    private RouterOverhead() {}

    /// One round of one of both.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Round(Seen seen, double[] cpuMicros) {}

    /// Prints the rounds' medians.
    ///
    /// @param levels of streams that run at the same time
    static void played(List<Integer> levels) {
        System.out.println(
                "a played engine that tells each stream a token in steps of 10 ms, of 50 with many"
                        + " streams: a token's age when the client has it");
        try (var cluster = new LoopbackCluster(1, NodeProcess::launched);
                var alone = NodeProcess.launchedMain("played-alone", PlayedServerMain.class);
                var relay = relay(urlOf(alone))) {
            cluster.add(
                    NodeProcess.launchedMain(
                            "played-node", PlayedServerMain.class, cluster.places()));
            compare(cluster, alone, urlOf(alone), relay, levels, Seen::tokens, "age");
        }
    }

    private static String urlOf(NodeProcess alone) {
        return alone.awaitLog("listens on (http:\\S+)").replace("http:/127", "http://127");
    }

    /// What passes bytes on to a server on this machine.
    private static NodeProcess relay(String url) {
        return NodeProcess.launchedMain(
                "relay", RelayMain.class, url.substring(url.lastIndexOf(':') + 1));
    }

    /// The same with the built-in model; what can be seen is the time between two tokens.
    static void real(List<Integer> levels) {
        System.out.println("the built-in model: the time between two events of a stream");
        var flags =
                List.of(
                        "--max-num-seqs",
                        levels.getLast().toString(),
                        "--kv-cache-memory-bytes",
                        "" + (512 << 20));
        try (var cluster = new LoopbackCluster(1, NodeProcess::launched);
                var alone = NodeProcess.launched("alone", with(flags, "--port", "0"));
                var relay = relay(alone.awaitLog("Ready after .*: (http\\S+) serves"))) {
            cluster.add(
                    NodeProcess.launched(
                            "engine",
                            with(
                                    flags,
                                    "--role",
                                    "engine",
                                    "--join",
                                    cluster.places(),
                                    "--cluster-port",
                                    Integer.toString(FreePorts.next()))));
            var url = alone.awaitLog("Ready after .*: (http\\S+) serves");
            compare(cluster, alone, url, relay, levels, Seen::gaps, "gap");
        }
    }

    private static List<String> with(List<String> flags, String... more) {
        var all = new ArrayList<>(flags);
        all.addAll(List.of(more));
        return all;
    }

    private static void compare(
            LoopbackCluster cluster,
            NodeProcess alone,
            String aloneUrl,
            NodeProcess relay,
            List<Integer> levels,
            Function<Seen, long[]> tokens,
            String name) {
        cluster.awaitServing(1);
        var routed = List.of(cluster.router(0).process(), cluster.engine(0));
        var routedUrl = cluster.router(0).url();
        var relayed = List.of(relay, alone);
        var relayedUrl = relay.awaitLog("relays on (http:\\S+)");
        for (int warm = 0; warm < 2; warm++) {
            round(aloneUrl, List.of(alone), levels.getLast(), WARM_UP);
            round(relayedUrl, relayed, levels.getLast(), WARM_UP);
            round(routedUrl, routed, levels.getLast(), WARM_UP);
        }
        for (int streams : levels) {
            var without = new ArrayList<Round>();
            var between = new ArrayList<Round>();
            var with = new ArrayList<Round>();
            for (int i = 0; i < ROUNDS; i++) {
                var counted = PlayedServerMain.stepOf(streams).multipliedBy(STEPS);
                without.add(round(aloneUrl, List.of(alone), streams, counted));
                between.add(round(relayedUrl, relayed, streams, counted));
                with.add(round(routedUrl, routed, streams, counted));
            }
            System.out.printf(
                    Locale.ROOT,
                    "%3d streams behind a relay of bytes: %s %s; CPU µs a token: relay %s%n",
                    streams,
                    name,
                    both(without, between, tokens, "relayed"),
                    cpu(between, 0));
            System.out.printf(
                    Locale.ROOT,
                    "%3d streams: %s %s; TTFT %s; tokens/s %.0f alone, %.0f routed; CPU µs a token:"
                            + " alone %s + client %s, router %s + engine %s + client %s%n",
                    streams,
                    name,
                    both(without, with, tokens, "routed"),
                    both(without, with, Seen::firsts, "routed"),
                    median(without, round -> round.seen.perSecond()),
                    median(with, round -> round.seen.perSecond()),
                    cpu(without, 0),
                    cpu(without, 1),
                    cpu(with, 0),
                    cpu(with, 1),
                    cpu(with, 2));
        }
    }

    private static String cpu(List<Round> rounds, int process) {
        return String.format(
                Locale.ROOT, "%.0f", median(rounds, round -> round.cpuMicros[process]));
    }

    private static String both(
            List<Round> without, List<Round> with, Function<Seen, long[]> what, String how) {
        var text = new StringBuilder();
        boolean enough =
                without.stream().allMatch(round -> what.apply(round.seen).length >= ENOUGH);
        for (double share : enough ? new double[] {0.5, 0.99} : new double[] {0.5}) {
            ToDoubleFunction<Round> at = round -> Seen.millis(what.apply(round.seen), share);
            var added = new ArrayList<String>();
            for (int i = 0; i < without.size(); i++) {
                added.add(
                        String.format(
                                Locale.ROOT,
                                "%+.2f",
                                at.applyAsDouble(with.get(i)) - at.applyAsDouble(without.get(i))));
            }
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%sp%.0f %.2f alone, %.2f %s, %+.2f ms (%s)",
                            text.isEmpty() ? "" : ", ",
                            100 * share,
                            median(without, at),
                            median(with, at),
                            how,
                            median(with, at) - median(without, at),
                            String.join(" ", added)));
        }
        return text.toString();
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> of) {
        return rounds.stream().mapToDouble(of).sorted().toArray()[rounds.size() / 2];
    }

    private static Round round(
            String url, List<NodeProcess> servers, int streams, Duration counted) {
        var body =
                "{\"model\":\"ingot-small\",\"prompt\":[300,301,302],\"max_tokens\":"
                        + STREAM.dividedBy(PlayedServerMain.stepOf(streams))
                        + ",\"ignore_eos\":true,\"stream\":true,\"return_token_ids\":true}";
        var before = cpuNanos(servers);
        var seen = new TokenClient(url, body, STREAM).read(streams, counted);
        var after = cpuNanos(servers);
        // Computed while the streams began, too.
        double tokens = seen.perSecond() * counted.plus(STREAM.dividedBy(2)).toNanos() * 1e-9;
        var micros = new double[after.length];
        for (int i = 0; i < after.length; i++) {
            micros[i] = (after[i] - before[i]) * 1e-3 / tokens;
        }
        return new Round(seen, micros);
    }

    /// Of the servers and, last, of this process.
    private static long[] cpuNanos(List<NodeProcess> servers) {
        var nanos = new long[servers.size() + 1];
        for (int i = 0; i < servers.size(); i++) {
            nanos[i] = servers.get(i).cpu().toNanos();
        }
        nanos[servers.size()] =
                ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
        return nanos;
    }
}
