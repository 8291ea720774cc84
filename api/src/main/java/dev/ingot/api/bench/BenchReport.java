package dev.ingot.api.bench;

import static dev.ingot.api.console.Table.number;

import dev.ingot.api.console.Table;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.kernels.cpu.CpuCalibration.Limits;
import java.time.Instant;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/// What `ingot bench` prints and writes.
final class BenchReport {
    private final String model;
    private final DeviceInfo device;
    private final ModelCost cost;

    /// @param model the folder's name
    BenchReport(String model, DeviceInfo device, ModelCost cost) {
        this.model = model;
        this.device = device;
        this.cost = cost;
    }

    /// A row per test, medians over its runs.
    Table summary(List<BenchTest> tests, List<BenchRun> runs) {
        var table =
                new Table(
                        "test",
                        "tok/s",
                        "min",
                        "max",
                        "runs",
                        "weights GB/s",
                        "GFLOP/s",
                        "read GB/s",
                        "FMA GFLOP/s",
                        "weights GOP/s",
                        "of limit",
                        "other cores");
        for (var test : tests) {
            var own = runs.stream().filter(r -> r.test().equals(test)).toList();
            var speed = figures(own.stream().map(BenchRun::tokensPerSecond));
            double fraction =
                    figures(own.stream().map(r -> r.fractionOfLimit(cost)).flatMap(this::stream))
                            .median();
            table.add(
                    test.toString(),
                    number(speed.median(), 1),
                    number(speed.min(), 1),
                    number(speed.max(), 1),
                    String.valueOf(speed.count()),
                    number(figures(own.stream().map(r -> r.weightGigabytes(cost))).median(), 1),
                    number(figures(own.stream().map(r -> r.gigaflops(cost))).median(), 1),
                    number(limit(own, Limits::readGigabytes), 1),
                    number(limit(own, Limits::gigaflops), 0),
                    number(limit(own, Limits::weightGigaops), 0),
                    Double.isNaN(fraction) ? "-" : number(100 * fraction, 0) + " %",
                    number(
                            figures(own.stream().map(BenchRun::foreignCores).flatMap(this::stream))
                                    .median(),
                            2));
        }
        return table;
    }

    /// A row per run, with everything that another table can be made of.
    Table raw(Instant when, List<BenchRun> runs) {
        var table =
                new Table(
                        "date",
                        "model",
                        "device",
                        "variant",
                        "threads",
                        "test",
                        "tokens",
                        "seconds",
                        "tokens_per_second",
                        "weight_gigabytes_per_second",
                        "gigaflops",
                        "read_gigabytes_per_second",
                        "fma_gigaflops",
                        "weight_gigaops",
                        "fraction_of_limit",
                        "other_cores");
        for (var run : runs) {
            table.add(
                    when.toString(),
                    model,
                    device.name(),
                    device.variant(),
                    String.valueOf(device.threads()),
                    run.test().toString(),
                    String.valueOf(run.test().totalTokens()),
                    number(run.seconds(), 6),
                    number(run.tokensPerSecond(), 3),
                    number(run.weightGigabytes(cost), 3),
                    number(run.gigaflops(cost), 3),
                    number(run.limits().map(Limits::readGigabytes).orElse(Double.NaN), 3),
                    number(run.limits().map(Limits::gigaflops).orElse(Double.NaN), 3),
                    number(run.limits().map(Limits::weightGigaops).orElse(Double.NaN), 3),
                    number(run.fractionOfLimit(cost), 4),
                    number(run.foreignCores(), 3));
        }
        return table;
    }

    private static double limit(List<BenchRun> runs, ToDoubleFunction<Limits> figure) {
        return figures(runs.stream().flatMap(r -> r.limits().stream()).map(figure::applyAsDouble))
                .median();
    }

    private Stream<Double> stream(OptionalDouble value) {
        return value.stream().boxed();
    }

    private static Figures figures(Stream<Double> values) {
        return Figures.of(values.mapToDouble(Double::doubleValue).toArray());
    }
}
