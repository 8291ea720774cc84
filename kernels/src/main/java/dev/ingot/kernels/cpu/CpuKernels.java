package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.ingot.engine.ops.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The functions of `ingot_cpu.h`, one method each, as one variant's library has them.
///
/// The handles belong to an instance because several variants may be loaded in one JVM; what that costs
/// is paid once a step.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
final class CpuKernels {
    /// `INGOT_ABI_VERSION` of the header that this class mirrors.
    private static final int ABI_VERSION = 6;

    private static final Map<String, CpuKernels> LOADED = new ConcurrentHashMap<>();

    private final String variant;
    private final int version;
    private final int cacheSlack;

    private final MethodHandle allocate;
    private final MethodHandle free;
    private final MethodHandle matrixBytes;
    private final MethodHandle teamOpen;
    private final MethodHandle teamClose;
    private final MethodHandle run;
    private final MethodHandle profile;
    private final MethodHandle calibrate;

    private CpuKernels(String variant, SymbolLookup library) {
        this.variant = variant;
        int abi = callInt(library, "ingot_abi_version");
        if (abi != ABI_VERSION) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    "the CPU kernels '"
                            + variant
                            + "' have ABI "
                            + abi
                            + " and not "
                            + ABI_VERSION
                            + ": they are of another build");
        }
        requireSize(library, "ingot_op", 0, OpLayout.BYTES);
        requireSize(library, "ingot_tensor", 1, OpLayout.TENSOR_BYTES);
        requireSize(library, "ingot_failure", 2, Failure.BYTES);
        version = callInt(library, "ingot_kernels_version");
        cacheSlack = callInt(library, "ingot_cache_slack");
        allocate =
                downcall(
                        library,
                        "ingot_allocate",
                        FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
        free = downcall(library, "ingot_free", FunctionDescriptor.ofVoid(ADDRESS));
        matrixBytes =
                downcall(library, "ingot_matrix_bytes", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
        teamOpen =
                downcall(
                        library,
                        "ingot_team_open",
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
        teamClose = downcall(library, "ingot_team_close", FunctionDescriptor.ofVoid(ADDRESS));
        run =
                downcall(
                        library,
                        "ingot_run",
                        FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS));
        profile = downcall(library, "ingot_profile", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
        calibrate =
                downcall(
                        library,
                        "ingot_calibrate",
                        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    }

    /// The kernels of a variant, loaded on first use.
    static CpuKernels load(String variant) {
        return LOADED.computeIfAbsent(variant, v -> new CpuKernels(v, NativeLibrary.load(v)));
    }

    String variant() {
        return variant;
    }

    /// `int32_t ingot_kernels_version(void)`
    int version() {
        return version;
    }

    /// `int32_t ingot_cache_slack(void)`
    int cacheSlack() {
        return cacheSlack;
    }

    /// `int32_t ingot_allocate(int64_t bytes, void **out)`
    ///
    /// @return the memory, of `bytes` bytes, without a scope; given back with [#free]
    /// @throws DeviceException of kind `OUT_OF_MEMORY`
    MemorySegment allocate(String label, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            int status = (int) allocate.invokeExact(bytes, out);
            if (status != Status.OK) {
                throw new DeviceException(
                        DeviceException.Kind.OUT_OF_MEMORY,
                        label + ": the system has no " + bytes + " bytes");
            }
            return out.get(ADDRESS, 0).reinterpret(bytes);
        } catch (DeviceException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("ingot_allocate", e);
        }
    }

    /// `void ingot_free(void *memory)`
    void free(MemorySegment memory) {
        try {
            free.invokeExact(memory);
        } catch (Throwable e) {
            throw new AssertionError("ingot_free", e);
        }
    }

    /// `int64_t ingot_matrix_bytes(const ingot_matrix *matrix)`
    long matrixBytes(int out, int in, PackedFormat format) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment matrix = arena.allocate(OpLayout.MATRIX_BYTES, Long.BYTES);
            OpLayout.setShape(matrix, 0, out, in, format);
            long bytes = (long) matrixBytes.invokeExact(matrix);
            if (bytes < 0) {
                throw new AssertionError(
                        "ingot_matrix_bytes: [" + out + ", " + in + "] as " + format);
            }
            return bytes;
        } catch (Throwable e) {
            throw new AssertionError("ingot_matrix_bytes", e);
        }
    }

    /// `int32_t ingot_team_open(int32_t threads, ingot_team **out)`
    ///
    /// @throws DeviceException of kind `OUT_OF_MEMORY` or `UNAVAILABLE`
    MemorySegment teamOpen(int threads) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            int status = (int) teamOpen.invokeExact(threads, out);
            return switch (status) {
                case Status.OK -> out.get(ADDRESS, 0);
                case Status.NO_MEMORY ->
                        throw new DeviceException(
                                DeviceException.Kind.OUT_OF_MEMORY,
                                "no memory for a team of " + threads + " threads");
                default ->
                        throw new DeviceException(
                                DeviceException.Kind.UNAVAILABLE,
                                "the system would not start " + threads + " compute threads");
            };
        } catch (DeviceException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("ingot_team_open", e);
        }
    }

    /// `void ingot_team_close(ingot_team *team)`
    void teamClose(MemorySegment team) {
        try {
            teamClose.invokeExact(team);
        } catch (Throwable e) {
            throw new AssertionError("ingot_team_close", e);
        }
    }

    /// `int32_t ingot_run(ingot_team *team, const ingot_op *ops, int32_t count, ingot_failure *failure)`
    ///
    /// @return the status; why it is not `OK` stands in `failure`
    int run(MemorySegment team, MemorySegment ops, int count, MemorySegment failure) {
        try {
            return (int) run.invokeExact(team, ops, count, failure);
        } catch (Throwable e) {
            throw new AssertionError("ingot_run", e);
        }
    }

    /// `void ingot_profile(ingot_team *team, int64_t *nanos)`
    void profile(MemorySegment team, MemorySegment nanos) {
        try {
            profile.invokeExact(team, nanos);
        } catch (Throwable e) {
            throw new AssertionError("ingot_profile", e);
        }
    }

    /// `int32_t ingot_calibrate(int32_t arithmetic, int32_t threads, int64_t iterations, double *gigaops)`
    ///
    /// @return operations a second, in 10⁹
    double calibrate(Arithmetic arithmetic, int threads, long iterations) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment gigaops = arena.allocate(JAVA_DOUBLE);
            int status =
                    (int) calibrate.invokeExact(arithmetic.code(), threads, iterations, gigaops);
            if (status != Status.OK) {
                throw new DeviceException(
                        DeviceException.Kind.UNAVAILABLE,
                        "calibration: the system would not start its threads");
            }
            return gigaops.get(JAVA_DOUBLE, 0);
        } catch (DeviceException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("ingot_calibrate", e);
        }
    }

    private static MethodHandle downcall(
            SymbolLookup library, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type);
    }

    private static int callInt(SymbolLookup library, String name) {
        try {
            return (int) downcall(library, name, FunctionDescriptor.of(JAVA_INT)).invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(name, e);
        }
    }

    private void requireSize(SymbolLookup library, String struct, int which, long bytes) {
        long actual;
        try {
            // int64_t ingot_sizeof(int32_t which)
            actual =
                    (long)
                            downcall(
                                            library,
                                            "ingot_sizeof",
                                            FunctionDescriptor.of(JAVA_LONG, JAVA_INT))
                                    .invokeExact(which);
        } catch (Throwable e) {
            throw new AssertionError("ingot_sizeof", e);
        }
        if (actual != bytes) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    "the CPU kernels '"
                            + variant
                            + "' have a "
                            + struct
                            + " of "
                            + actual
                            + " bytes and not "
                            + bytes
                            + ": they are of another build");
        }
    }

    /// The status codes of the header.
    static final class Status {
        static final int OK = 0;
        static final int NO_MEMORY = 1;
        static final int BAD_TOKEN = 4;
        static final int BAD_ROW = 5;
        static final int BAD_SLOT = 6;
        static final int BAD_BLOCK = 7;
        static final int BAD_POSITION = 8;
        static final int BAD_QUERY_START = 9;
        static final int BAD_EXPERT = 10;

        private Status() {}
    }

    /// `ingot_failure`: why a step failed.
    record Failure(int status, int op, long row, long value, long limit) {
        static final long BYTES = 32;

        static Failure read(MemorySegment memory) {
            return new Failure(
                    memory.get(JAVA_INT, 0),
                    memory.get(JAVA_INT, 4),
                    memory.get(JAVA_LONG, 8),
                    memory.get(JAVA_LONG, 16),
                    memory.get(JAVA_LONG, 24));
        }

        /// What to tell whoever asked for the step.
        DeviceException exception() {
            String where = " (op " + op + " of the step)";
            return switch (status) {
                case Status.BAD_TOKEN ->
                        outside("embed: token id " + value + " at row " + row, where);
                case Status.BAD_ROW ->
                        outside(
                                "gatherRows, addRows or feedSampled: row "
                                        + value
                                        + " at index "
                                        + row,
                                where);
                case Status.BAD_EXPERT ->
                        outside("expert or place " + value + " at row " + row, where);
                case Status.BAD_SLOT -> outside("storeKv: slot " + value + " of row " + row, where);
                case Status.BAD_BLOCK ->
                        outside(
                                "pagedAttention or copyBlocks: block "
                                        + value
                                        + " in row "
                                        + row
                                        + " of the tables or pairs",
                                where);
                case Status.BAD_POSITION ->
                        outside("pagedAttention: position " + value + " of row " + row, where);
                case Status.BAD_QUERY_START ->
                        new DeviceException(
                                DeviceException.Kind.PAGE_FAULT,
                                "pagedAttention: the query starts descend or leave the batch of "
                                        + limit
                                        + " rows"
                                        + where);
                default ->
                        new DeviceException(
                                DeviceException.Kind.INTERNAL,
                                "the CPU kernels answered with status " + status + where);
            };
        }

        private DeviceException outside(String what, String where) {
            return new DeviceException(
                    DeviceException.Kind.PAGE_FAULT,
                    what + " is outside its range below " + limit + where);
        }
    }
}
