package dev.ingot.it.cluster;

import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.it.cluster.FaultRound.Fault;
import dev.ingot.it.cluster.FaultRound.Loss;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `./ingot check-cluster`: loses engine nodes under 32 streams, again and again, and compares every answer with that of
/// an undisturbed run.
///
/// Of each loss it says after how long the router knew, and for how long the client that was worst off heard nothing. What is
/// between the two is recomputation: its streams are prefilled elsewhere, with all that they have said, beside the others.
@Command(
        name = "ingot check-cluster",
        description = {
            "Kill, pause and cut off engine nodes under load, and compare every answer with that of an"
                    + " undisturbed run.",
            "Ends with status 1 if an answer differs."
        },
        mixinStandardHelpOptions = true)
public final class SoakMain extends ConsoleCommand {
    @Option(
            names = "--runs",
            paramLabel = "N",
            defaultValue = "50",
            description = "of three losses each; default ${DEFAULT-VALUE}")
    private int runs;

    /// @param noticed after so many milliseconds the router knew
    /// @param gap for so many the client that was worst off heard nothing
    private record Measured(long noticed, long gap) {}

    /// Exits with 0 if every answer was equal, 1 if one was not, 2 when the command line is wrong.
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SoakMain()).execute(arguments));
    }

    @Override
    public Integer call() {
        check(runs >= 1, "--runs is " + runs + ", expected 1 or more");
        int streams = 0;
        int failures = 0;
        Map<Fault, List<Measured>> measured = new EnumMap<>(Fault.class);
        try (var cluster = TestCluster.start(FaultRound.NODES, List.of());
                var load = new Load(cluster.url())) {
            var faults = new FaultRound(cluster, load);
            var undisturbed = faults.undisturbed();
            long usual = undisturbed.stream().mapToLong(Told::longestGapMillis).max().orElseThrow();
            System.out.printf(
                    Locale.ROOT,
                    "undisturbed: %d streams, longest gap %d ms%n",
                    undisturbed.size(),
                    usual);
            for (int run = 1; run <= runs; run++) {
                int killed = run % FaultRound.NODES;
                var disturbed = faults.disturbed(killed);
                var told = disturbed.told();
                int differing = differing(undisturbed, told);
                streams += told.size();
                failures += differing;
                var losses =
                        disturbed.losses().stream()
                                .map(loss -> describe(loss, take(loss, told, measured)))
                                .collect(Collectors.joining("; "));
                System.out.printf(
                        Locale.ROOT,
                        "run %d: %d streams, %d differ; %s%n",
                        run,
                        told.size(),
                        differing,
                        losses);
                cluster.startAgain(killed);
                cluster.awaitServing(FaultRound.NODES);
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%d runs, %d streams, %d lost, doubled or changed%n",
                runs,
                streams,
                failures);
        measured.forEach((fault, all) ->
                System.out.printf(
                        Locale.ROOT,
                        "%-8s noticed after median %d, at most %d ms; longest gap of a client"
                                + " median %d, at most %d ms; so recomputation median %d, at most %d"
                                + " ms%n",
                        name(fault),
                        quantile(all.stream().map(Measured::noticed).toList(), 0.5),
                        quantile(all.stream().map(Measured::noticed).toList(), 1),
                        quantile(all.stream().map(Measured::gap).toList(), 0.5),
                        quantile(all.stream().map(Measured::gap).toList(), 1),
                        quantile(all.stream().map(SoakMain::recomputation).toList(), 0.5),
                        quantile(all.stream().map(SoakMain::recomputation).toList(), 1)));
        return failures == 0 ? 0 : 1;
    }

    private static Measured take(Loss loss, List<Told> told, Map<Fault, List<Measured>> measured) {
        var one = new Measured(loss.noticedAfterMillis(), loss.longestGapMillis(told));
        measured.computeIfAbsent(loss.fault(), _ -> new ArrayList<>()).add(one);
        return one;
    }

    private static long recomputation(Measured one) {
        return Math.max(0, one.gap() - one.noticed());
    }

    private static String describe(Loss loss, Measured one) {
        return "%s: noticed after %d ms, longest gap %d ms"
                .formatted(name(loss.fault()), one.noticed(), one.gap());
    }

    private static String name(Fault fault) {
        return fault.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static long quantile(List<Long> values, double share) {
        var sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
    }

    private static int differing(List<Told> expected, List<Told> told) {
        int differing = 0;
        for (int i = 0; i < told.size(); i++) {
            var answer = told.get(i).answer();
            if (!answer.equals(expected.get(i).answer())) {
                differing++;
                System.out.printf(
                        Locale.ROOT,
                        "stream %d%n  expected %s%n  got      %s%n",
                        i,
                        expected.get(i).answer(),
                        answer);
            }
        }
        return differing;
    }
}
