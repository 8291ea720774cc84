package dev.ingot.kernels.metal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.kernels.parity.Data;
import dev.ingot.kernels.parity.OpCase;
import dev.ingot.kernels.parity.OpCases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every kernel against the double-precision oracle, and against itself in other orders of lanes.
final class MetalParityTest {
    /// Where the largest errors are written, by op: what the README quotes.
    private static final Path ERRORS = Path.of("target", "metal-errors.md");

    private static final Path FAST_ERRORS = Path.of("target", "metal-errors-fast.md");

    /// Has [#noTwoDispatchesRace] take all shapes.
    private static final String ALL_HAZARDS = "ingot.test.all-hazards";

    private static final int PARTS = 10;

    @BeforeAll
    static void softMetal() {
        SoftMetal.require();
    }

    @AfterEach
    void clean() {
        SoftMetal.assertClean();
    }

    @Test
    void everyOpAgreesWithTheOracle() throws IOException {
        Map<String, double[]> errors = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        compare(Numerics.EXACT, OpCases.all(), errors, wrong);
        write(errors, ERRORS);
        assertThat(wrong).isEmpty();
    }

    @Test
    void fastNumericsAgreeWithTheOracle() throws IOException {
        Map<String, double[]> errors = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        compare(Numerics.FAST, OpCases.fast(OpCases.CACHES), errors, wrong);
        write(errors, FAST_ERRORS);
        assertThat(wrong).isEmpty();
    }

    private static void compare(
            Numerics numerics,
            List<OpCase> cases,
            Map<String, double[]> errors,
            List<String> wrong) {
        try (var metal = MetalDevice.open(numerics);
                var oracle = new ReferenceDevice()) {
            for (OpCase c : cases) {
                double error = OpCase.error(c.compute().apply(metal), c.compute().apply(oracle));
                double[] worst = errors.computeIfAbsent(c.op(), _ -> new double[2]);
                worst[0]++;
                worst[1] = Math.max(worst[1], error);
                if (!(error <= c.tolerance())) {
                    wrong.add(c + ": " + error);
                }
            }
        }
    }

    private static void write(Map<String, double[]> errors, Path file) throws IOException {
        var table = new StringBuilder("| op | cases | largest error |\n| --- | --- | --- |\n");
        errors.forEach((op, worst) ->
                table.append(
                        String.format(
                                Locale.ROOT,
                                "| %s | %.0f | %s |%n",
                                op,
                                worst[0],
                                worst[1] == 0
                                        ? "exact"
                                        : String.format(Locale.ROOT, "%.1e", worst[1]))));
        Files.createDirectories(file.getParent());
        Files.writeString(file, table);
    }

    /// No kernel relies on lanes that run in step, and no order is left to chance: the same bits.
    @ParameterizedTest
    @EnumSource(Numerics.class)
    void theOrderInWhichLanesRunNeverChangesABit(Numerics numerics) {
        List<OpCase> cases =
                numerics == Numerics.EXACT
                        ? OpCases.medium()
                        : OpCases.fast(List.of(DType.F16, DType.I8));
        try (var metal = MetalDevice.open(numerics)) {
            for (OpCase c : cases) {
                SoftMetal.set("SCHED", "forward");
                float[][] expected = c.compute().apply(metal);
                for (String order : new String[] {"reverse", "random:1", "random:20261121"}) {
                    SoftMetal.set("SCHED", order);
                    float[][] actual = c.compute().apply(metal);
                    for (int r = 0; r < expected.length; r++) {
                        Data.assertSameBits(
                                order + ", " + c + ", row " + r, actual[r], expected[r]);
                    }
                }
            }
        }
    }

    /// Every access within its buffer, no two lanes at one place without a barrier between them, and no two dispatches
    /// either, where a GPU may run them at once.
    @ParameterizedTest
    @EnumSource(Numerics.class)
    void everyAccessIsWithinItsMemoryAndNoTwoRace(Numerics numerics) {
        SoftMetal.set("MEMCHECK", "1");
        SoftMetal.set("HAZARDS", "1");
        assertRight(numerics, numerics == Numerics.EXACT ? OpCases.small() : OpCases.smallFast());
        assertThat(SoftMetal.counter("kernelFaults")).isZero();
        assertThat(SoftMetal.counter("violations")).isZero();
    }

    /// No two dispatches that a GPU may run at once touch what one of them changes, whatever the shape. A tenth of all shapes,
    /// other ones whenever a kernel changes; all of them, in a minute or a few, with `-D`[#ALL_HAZARDS]`=true`.
    @ParameterizedTest
    @EnumSource(Numerics.class)
    void noTwoDispatchesRace(Numerics numerics) {
        SoftMetal.set("HAZARDS", "1");
        List<OpCase> cases =
                numerics == Numerics.EXACT ? OpCases.all() : OpCases.fast(OpCases.CACHES);
        if (!Boolean.getBoolean(ALL_HAZARDS)) {
            int part = Math.floorMod(MetalSources.digest().hashCode(), PARTS);
            List<OpCase> all = cases;
            cases =
                    IntStream.range(0, all.size())
                            .filter(i -> i % PARTS == part)
                            .mapToObj(all::get)
                            .toList();
        }
        assertRight(numerics, cases);
        assertThat(SoftMetal.counter("violations")).isZero();
    }

    /// A GPU whose registers allow only a part of a threadgroup's usual size: what a kernel needs is asked for, and
    /// where it has too little another takes its place.
    @ParameterizedTest
    @ValueSource(strings = {"512", "128", "32"})
    void smallThreadgroupsAreHonoured(String threads) {
        SoftMetal.set("MAX_THREADS", threads);
        assertRight(Numerics.EXACT, OpCases.small());
        assertRight(Numerics.FAST, OpCases.smallFast());
    }

    private static void assertRight(Numerics numerics, List<OpCase> cases) {
        List<String> wrong = new ArrayList<>();
        compare(numerics, cases, new TreeMap<>(), wrong);
        assertThat(wrong).isEmpty();
    }
}
