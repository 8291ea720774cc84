package dev.ingot.api.bench;

import dev.ingot.api.console.ComputeFlags;
import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.api.console.Table;
import dev.ingot.engine.model.HfConfig;
import dev.ingot.engine.model.Models;
import dev.ingot.engine.model.WeightLoading;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.weights.CheckpointException;
import dev.ingot.kernels.cpu.CpuCalibration;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.cpu.CpuKernelBench;
import dev.ingot.worker.InlineWorker;
import dev.ingot.worker.WorkerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `ingot bench`: how fast a model runs on this machine, beside what the machine gives.
@Command(
        name = "bench",
        description = "Measure a model on this machine, without a server.",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Tests are named as in llama-bench: pp512 reads a prompt of 512 tokens, tg64 generates"
                    + " 64 tokens,",
            "tg64@512 behind 512 tokens of context, tg64@128*8 in 8 sequences at once. Rounds go"
                    + " over all",
            "tests, the machine's limits are measured before every one, and medians are printed.",
            "'of limit' is the least time that memory reads, or multiply-adds as the weights'"
                    + " formats have them",
            "and in F32 for attention, need at these limits, as a share of the time taken. 'other"
                    + " cores' is what other programs took: near 0, or measure again."
        })
public final class BenchCommand extends ConsoleCommand {
    private static final long NANOS_PER_KERNEL = 400_000_000;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "MODEL",
            description =
                    "Folder of a Hugging Face checkpoint; models/make_random_model.py makes them.")
    private @Nullable Path model;

    @Mixin private ComputeFlags compute = new ComputeFlags();

    @Option(
            names = "--tests",
            paramLabel = "TEST",
            split = ",",
            description =
                    "What to measure, with commas between (default: pp128, pp512, tg64, tg64@512,"
                            + " and pp128*B and tg64@128*B for B up to 32).")
    private List<String> tests = List.of();

    @Option(
            names = "--repeat",
            paramLabel = "N",
            description = "Rounds over all tests (default: ${DEFAULT-VALUE}).")
    private int repeat = 3;

    @Option(
            names = "--max-seconds",
            paramLabel = "SECONDS",
            description = "Begin no test after this long (default: ${DEFAULT-VALUE}).")
    private int maxSeconds = 900;

    @Option(
            names = "--max-num-batched-tokens",
            paramLabel = "TOKENS",
            description = "Tokens in one step, as of ingot serve (default: ${DEFAULT-VALUE}).")
    private int maxStepTokens = WorkerSettings.DEFAULT_MAX_STEP_TOKENS;

    @Option(
            names = "--quantize",
            paramLabel = "4bit|8bit",
            description = "Quantize weights that are stored in full, as of ingot serve.")
    private @Nullable String quantize;

    @Option(
            names = "--numerics",
            paramLabel = "exact|fast",
            description = "exact or fast, as of ingot serve (default: ${DEFAULT-VALUE}).")
    private String numerics = "exact";

    @Option(
            names = "--kernels",
            description =
                    "Measure the CPU's kernels one by one, products for each format and number of"
                            + " rows, no model.")
    private boolean kernels;

    @Option(
            names = "--profile",
            description = "After the rounds, run every test once more and print its time by op.")
    private boolean profile;

    @Option(names = "--csv", paramLabel = "FILE", description = "Write every run there.")
    private @Nullable Path csv;

    @Override
    public Integer call() throws IOException {
        check(repeat >= 1, "--repeat is " + repeat + ", expected at least 1");
        requireValid(compute::threads);
        check(
                List.of("exact", "fast").contains(numerics),
                "--numerics is '" + numerics + "', expected exact or fast");
        if (kernels) {
            return measureKernels();
        }
        check(
                quantize == null || quantize.equals("4bit") || quantize.equals("8bit"),
                "--quantize is '" + quantize + "', expected 4bit or 8bit");
        var folder = model;
        if (folder == null || !Files.isDirectory(folder)) {
            throw wrong("'" + folder + "' is no folder");
        }
        var chosen = chosenTests();
        try (var worker = InlineWorker.load(settings(folder, chosen), System::nanoTime)) {
            measure(worker, String.valueOf(folder.toRealPath().getFileName()), chosen);
            return 0;
        } catch (CheckpointException | DeviceException | IllegalArgumentException e) {
            err().println("ingot: " + e.getMessage());
            return 1;
        }
    }

    private List<BenchTest> chosenTests() {
        return valid(() ->
                tests.isEmpty()
                        ? BenchTest.defaults()
                        : tests.stream().map(BenchTest::parse).distinct().toList());
    }

    /// Limits that hold the largest test, and no more.
    private WorkerSettings settings(Path folder, List<BenchTest> chosen) {
        var defaults = WorkerSettings.defaults(folder);
        int batch = chosen.stream().mapToInt(BenchTest::batch).max().orElseThrow();
        int length = chosen.stream().mapToInt(BenchTest::length).max().orElseThrow();
        check(
                maxStepTokens >= batch && maxStepTokens <= 65536,
                "--max-num-batched-tokens is "
                        + maxStepTokens
                        + ", expected "
                        + batch
                        + " to 65536");
        var config = HfConfig.read(folder);
        var kv =
                Models.kvGeometry(
                        config,
                        defaults.blockSize(),
                        blocks(largest(chosen)) * Models.kvGroups(config).count(),
                        defaults.kvCacheType());
        return new WorkerSettings(
                folder,
                compute.device().orElse("auto"),
                compute.threads(),
                OptionalInt.of(Math.max(2, length)),
                batch,
                maxStepTokens,
                defaults.blockSize(),
                OptionalLong.of(kv.bytes()),
                OptionalDouble.empty(),
                defaults.kvCacheType(),
                quantize == null
                        ? defaults.weightLoading()
                        : quantize.equals("4bit")
                                ? WeightLoading.QUANTIZE_4BIT
                                : WeightLoading.QUANTIZE_8BIT,
                Numerics.named(numerics));
    }

    private int measureKernels() {
        check(model == null, "--kernels measures no model, but '" + model + "' is given");
        try (var cpu = CpuDevice.open(compute.threads(), Numerics.named(numerics))) {
            out().printf(
                            "%s, %s, %d threads; best of many%n",
                            cpu.info().name(), cpu.info().variant(), cpu.info().threads());
            var table = new Table("kernel", "rows", "us", "GB/s", "GOP/s", "of limit");
            new CpuKernelBench(cpu, new CpuCalibration(cpu), NANOS_PER_KERNEL)
                    .measure(f ->
                            table.add(
                                    f.kernel(),
                                    Integer.toString(f.rows()),
                                    Table.number(f.nanos() / 1e3, 1),
                                    Table.number(f.gigabytes(), 1),
                                    Table.number(f.gigaops(), 1),
                                    share(f.ofLimit())));
            out().print(table.text());
            out().flush();
            return 0;
        } catch (DeviceException e) {
            err().println("ingot: " + e.getMessage());
            return 1;
        }
    }

    private static String share(double of) {
        return Table.number(100 * of, 0) + (Double.isNaN(of) ? "" : " %");
    }

    private static BenchTest largest(List<BenchTest> tests) {
        return tests.stream().max(Comparator.comparingInt(BenchCommand::blocks)).orElseThrow();
    }

    private static int blocks(BenchTest test) {
        return test.batch() * Math.ceilDiv(test.length(), WorkerSettings.DEFAULT_BLOCK_SIZE);
    }

    private void measure(InlineWorker worker, String name, List<BenchTest> chosen)
            throws IOException {
        long start = System.nanoTime();
        var when = Instant.now();
        var cost =
                ModelCost.of(
                        worker.model(),
                        worker.weightBytes(),
                        worker.kv().bytesPerPosition() * worker.kv().groups().count(),
                        maxStepTokens);
        var report = new BenchReport(name, worker.device(), cost);
        var calibration = worker.calibration();
        var runner = new BenchRunner(worker, maxStepTokens);
        out().printf(
                        "%s: %d MB of weights; %s, %s, %d threads; steps of up to %d tokens; %s%n",
                        name,
                        worker.weightBytes() / 1_000_000,
                        worker.device().name(),
                        worker.device().variant(),
                        worker.device().threads(),
                        maxStepTokens,
                        when);
        err().println("warming up");
        runner.warmUp(largest(chosen));
        var runs = new ArrayList<BenchRun>();
        for (int round = 1; round <= repeat; round++) {
            for (var test : chosen) {
                if (System.nanoTime() - start < maxSeconds * 1_000_000_000L) {
                    var limits = calibration.map(CpuCalibration::measure);
                    var before = HostCpu.now();
                    double seconds = runner.run(test);
                    var others = HostCpu.now().foreignCoresSince(before);
                    var run = new BenchRun(test, seconds, limits, others);
                    runs.add(run);
                    err().printf("round %d, %s: %.1f tok/s%n", round, test, run.tokensPerSecond());
                }
            }
        }
        out().print(report.summary(chosen, runs).text());
        out().flush();
        if (profile) {
            profile(worker, runner, chosen);
        }
        if (csv != null) {
            Files.writeString(csv, report.raw(when, runs).csv());
        }
    }

    private void profile(InlineWorker worker, BenchRunner runner, List<BenchTest> chosen) {
        var notes =
                worker.profile()
                        .orElseThrow(() -> wrong("--profile: only the CPU device keeps a profile"));
        for (var test : chosen) {
            notes.clear();
            double seconds = runner.runOnce(test);
            out().print("\n" + ProfileReport.of(test, notes, seconds).text());
            out().flush();
        }
    }
}
