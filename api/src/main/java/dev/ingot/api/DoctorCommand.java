package dev.ingot.api;

import dev.ingot.api.console.ConsoleCommand;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.DeviceException;
import dev.ingot.engine.ops.DeviceInfo;
import dev.ingot.engine.ops.Numerics;
import dev.ingot.kernels.Devices;
import dev.ingot.kernels.cpu.CpuDevice;
import dev.ingot.kernels.doctor.KernelCase;
import dev.ingot.kernels.doctor.KernelCases;
import dev.ingot.kernels.doctor.KernelRun;
import dev.ingot.kernels.metal.MetalDevice;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `ingot doctor`: what the devices of this machine are, and whether every kernel computes what it should there.
///
/// Exits with 1 if a kernel is wrong, or if a device that was asked for by name is not there.
@Command(
        name = "doctor",
        description = "Says what this machine's devices are and tries every kernel on them.")
final class DoctorCommand extends ConsoleCommand {
    private static final List<String> DEVICES = List.of("all", "cpu", "metal");
    private static final String REFERENCE = "portable";
    private static final double NANOS_PER_MICRO = 1e3;

    @Option(names = "--device", description = "all, cpu or metal (default: ${DEFAULT-VALUE}).")
    private String device = "all";

    @Override
    public Integer call() {
        check(DEVICES.contains(device), "--device is '" + device + "', expected all, cpu or metal");
        var out = out();
        out.printf(
                "ingot %s, Java %s, %s %s on %s, %d processors%n",
                Main.VERSION,
                Runtime.version(),
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors());
        boolean well = true;
        List<KernelRun> references = references();
        for (String name : device.equals("all") ? List.of("cpu", "metal") : List.of(device)) {
            well &= examine(out, name, references);
        }
        out.flush();
        return well ? 0 : 1;
    }

    private static List<KernelRun> references() {
        try (var reference = CpuDevice.open(0, REFERENCE)) {
            List<KernelRun> runs = new ArrayList<>();
            for (KernelCase each : KernelCases.all()) {
                runs.add(KernelRun.of(each.reference(), reference));
            }
            return runs;
        }
    }

    private boolean examine(PrintWriter out, String name, List<KernelRun> references) {
        try (var subject = Devices.open(name, 0)) {
            describe(out, subject.info());
            if (subject instanceof MetalDevice metal) {
                metal.properties().forEach((property, value) -> line(out, property, value));
                boolean right = tryKernels(out, subject, references);
                return compareNumerics(out, metal) && right;
            }
            return tryKernels(out, subject, references);
        } catch (DeviceException e) {
            out.printf("%n%s: %s%n", name, e.getMessage());
            return device.equals("all"); // asked for by name, it has to be there
        }
    }

    private static void describe(PrintWriter out, DeviceInfo info) {
        out.printf("%n%s: %s (%s)%n", info.kind(), info.name(), info.variant());
        line(out, "working set", (info.workingSetBytes() >> 20) + " MiB");
        line(out, "numeric class", info.numericClass());
        line(out, "threads", String.valueOf(info.threads()));
    }

    private static void line(PrintWriter out, String property, String value) {
        out.printf("  %-24s %s%n", property, value);
    }

    /// What `--numerics fast` would gain: the kernels that it takes other ones for, both ways.
    private static boolean compareNumerics(PrintWriter out, MetalDevice exact) {
        out.printf(
                "%n  %-24s %-24s %10s %10s %10s %10s%n",
                "prompts", "shape", "error", "exact µs", "fast µs", "gain");
        boolean well = true;
        try (var reference = CpuDevice.open(0, REFERENCE);
                var fast = MetalDevice.open(Numerics.FAST)) {
            for (KernelCase each : KernelCases.prompts(!fast.isSoftware())) {
                KernelRun expected = KernelRun.of(each.reference(), reference);
                KernelRun slow = KernelRun.of(each.subject(), exact);
                KernelRun quick = KernelRun.of(each.subject(), fast);
                double error = Math.max(slow.errorAgainst(expected), quick.errorAgainst(expected));
                boolean right = error <= each.tolerance();
                well &= right;
                out.printf(
                        Locale.ROOT,
                        "  %-24s %-24s %10.1e %10.0f %10.0f %9.2fx %s%n",
                        each.kernel(),
                        each.shape(),
                        error,
                        slow.nanos() / NANOS_PER_MICRO,
                        quick.nanos() / NANOS_PER_MICRO,
                        (double) slow.nanos() / quick.nanos(),
                        right ? "" : "WRONG");
                out.flush();
            }
            if (fast.isSoftware()) {
                line(out, "the times", "are the software device's, and say nothing of a GPU's");
            }
        }
        return well;
    }

    private static boolean tryKernels(PrintWriter out, Device subject, List<KernelRun> references) {
        out.printf("  %-24s %-24s %10s %10s %10s%n", "kernel", "shape", "error", "allowed", "µs");
        List<String> failures = new ArrayList<>();
        List<KernelCase> cases = KernelCases.all();
        for (int i = 0; i < cases.size(); i++) {
            KernelCase each = cases.get(i);
            try {
                KernelRun run = KernelRun.of(each.subject(), subject);
                double error = run.errorAgainst(references.get(i));
                boolean right = error <= each.tolerance();
                out.printf(
                        Locale.ROOT,
                        "  %-24s %-24s %10.1e %10.1e %10.0f %s%n",
                        each.kernel(),
                        each.shape(),
                        error,
                        each.tolerance(),
                        run.nanos() / NANOS_PER_MICRO,
                        right ? "" : "WRONG");
                if (!right) {
                    failures.add(each.kernel() + " " + each.shape() + ": wrong by " + error);
                }
            } catch (DeviceException | IllegalArgumentException e) {
                out.printf("  %-24s %-24s FAILED%n", each.kernel(), each.shape());
                failures.add(each.kernel() + " " + each.shape() + ": " + e.getMessage());
            }
            out.flush();
        }
        out.printf(
                "  %d of %d right, against the CPU's %s kernels%n",
                cases.size() - failures.size(), cases.size(), REFERENCE);
        failures.forEach(failure -> out.printf("  ! %s%n", failure));
        return failures.isEmpty();
    }
}
