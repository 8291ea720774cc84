package dev.ingot.it.cluster;

import java.util.List;

/// `./ingot check-cluster [--runs N]`: loses engine nodes under 32 streams, again and again, and compares every answer with that of
/// an undisturbed run.
public final class SoakMain {
    private SoakMain() {}

    /// Ends with status 1 if an answer differs.
    public static void main(String[] arguments) {
        int runs = runs(arguments);
        if (runs < 1) {
            System.err.println("usage: ./ingot check-cluster [--runs N]");
            System.exit(2);
        }
        int streams = 0;
        long longestGap = 0;
        int failures = 0;
        try (var cluster = TestCluster.start(FaultRound.NODES, List.of());
                var load = new Load(cluster.url())) {
            var faults = new FaultRound(cluster, load);
            var undisturbed = faults.undisturbed();
            System.out.printf(
                    "undisturbed: %d streams, longest gap %d ms%n",
                    undisturbed.size(), longestGap(undisturbed));
            for (int run = 1; run <= runs; run++) {
                int killed = run % FaultRound.NODES;
                double movedBefore = cluster.metric("ingot:request_resubmissions_total");
                double lostBefore = cluster.metric("ingot:router_links_lost_total");
                var told = faults.disturbed(killed);
                int differing = differing(undisturbed, told);
                long gap = longestGap(told);
                longestGap = Math.max(longestGap, gap);
                streams += told.size();
                failures += differing;
                System.out.printf(
                        "run %d: %d streams, %d differ, longest gap %d ms, %.0f times a request"
                                + " moved, %.0f links lost%n",
                        run,
                        told.size(),
                        differing,
                        gap,
                        cluster.metric("ingot:request_resubmissions_total") - movedBefore,
                        cluster.metric("ingot:router_links_lost_total") - lostBefore);
                cluster.startAgain(killed);
                cluster.awaitServing(FaultRound.NODES);
            }
        }
        System.out.printf(
                "%d runs, %d streams, %d lost, doubled or changed; longest gap %d ms%n",
                runs, streams, failures, longestGap);
        System.exit(failures == 0 ? 0 : 1);
    }

    /// How often; 0 where that is not to be understood.
    private static int runs(String[] arguments) {
        if (arguments.length == 0) {
            return 50;
        }
        boolean understood =
                arguments.length == 2
                        && arguments[0].equals("--runs")
                        && arguments[1].matches("[0-9]{1,6}");
        return understood ? Integer.parseInt(arguments[1]) : 0;
    }

    private static int differing(List<Told> expected, List<Told> told) {
        int differing = 0;
        for (int i = 0; i < told.size(); i++) {
            var answer = told.get(i).answer();
            if (!answer.equals(expected.get(i).answer())) {
                differing++;
                System.out.printf(
                        "stream %d%n  expected %s%n  got      %s%n",
                        i, expected.get(i).answer(), answer);
            }
        }
        return differing;
    }

    private static long longestGap(List<Told> told) {
        return told.stream().mapToLong(Told::longestGapMillis).max().orElse(0);
    }
}
