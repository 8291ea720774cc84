package dev.ingot.it.cluster;

import java.util.List;

/// `./ingot cluster-soak [ROUNDS]`: loses engine nodes under 32 streams, again and again, and compares every answer with that of
/// an undisturbed run.
public final class SoakMain {
    private SoakMain() {}

    /// Ends with status 1 at the first answer that differs.
    public static void main(String[] arguments) {
        int rounds = arguments.length == 0 ? 50 : Integer.parseInt(arguments[0]);
        int streams = 0;
        long longestGap = 0;
        int failures = 0;
        try (var cluster = TestCluster.start(3, List.of());
                var load = new Load(cluster.url())) {
            var faults = new FaultRound(cluster, load);
            var undisturbed = faults.undisturbed();
            for (int round = 1; round <= rounds; round++) {
                var told = faults.disturbed();
                var answers = Load.answers(told);
                int differing = 0;
                for (int i = 0; i < answers.size(); i++) {
                    if (!answers.get(i).equals(undisturbed.get(i))) {
                        differing++;
                        System.out.println(
                                "stream "
                                        + i
                                        + "\n  expected "
                                        + undisturbed.get(i)
                                        + "\n  got      "
                                        + answers.get(i));
                    }
                }
                long gap = told.stream().mapToLong(Told::longestGapMillis).max().orElse(0);
                longestGap = Math.max(longestGap, gap);
                streams += answers.size();
                failures += differing;
                System.out.printf(
                        "round %d: %d streams, %d differ, longest gap %d ms, moved %.0f, links lost %.0f%n",
                        round,
                        answers.size(),
                        differing,
                        gap,
                        cluster.metric("ingot:request_resubmissions_total"),
                        cluster.metric("ingot:router_links_lost_total"));
                cluster.startAgain(0);
                cluster.awaitServing(3);
            }
        }
        System.out.printf(
                "%d rounds, %d streams, %d lost, doubled or changed; longest gap %d ms%n",
                rounds, streams, failures, longestGap);
        System.exit(failures == 0 ? 0 : 1);
    }
}
