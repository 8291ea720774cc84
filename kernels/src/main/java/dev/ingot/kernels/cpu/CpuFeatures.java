package dev.ingot.kernels.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.ingot.engine.ops.Numerics;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What this machine's CPU is called and which variants of the kernels it can run, the one to take first.
@SuppressWarnings("restricted") // the flags of every JVM of ours allow native access
record CpuFeatures(String name, List<String> variants) {
    private static final int AVX2 = 1;
    private static final int AVX512 = 2;
    private static final int NEON = 4;
    private static final int AVX512_BF16 = 8;
    private static final int DOTPROD = 16;
    private static final int I8MM = 32;
    private static final int AMX = 64;
    private static final int NAME_BYTES = 128;

    /// Those that round activations to BF16 beside weights in BF16.
    private static final Set<String> ROUNDING = Set.of("avx512bf16", "amxbf16");

    CpuFeatures {
        variants = List.copyOf(variants);
    }

    /// Asks the CPU itself, through a library compiled for the architecture's baseline.
    static CpuFeatures probe() {
        SymbolLookup library = NativeLibrary.load("probe");
        Linker linker = Linker.nativeLinker();
        // int32_t ingot_cpu_features(void)
        MethodHandle features =
                linker.downcallHandle(
                        library.findOrThrow("ingot_cpu_features"), FunctionDescriptor.of(JAVA_INT));
        // void ingot_cpu_name(char *name, int32_t size)
        MethodHandle name =
                linker.downcallHandle(
                        library.findOrThrow("ingot_cpu_name"),
                        FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(NAME_BYTES);
            name.invokeExact(text, NAME_BYTES);
            String brand = text.getString(0).strip();
            return new CpuFeatures(
                    brand.isEmpty() ? NativeLibrary.architecture() + " CPU" : brand,
                    variants((int) features.invokeExact()));
        } catch (Throwable e) {
            throw new AssertionError("ingot_cpu_features", e);
        }
    }

    /// The variant to take: the first that rounds no activations, unless it may and there is one that does.
    String best(Numerics numerics) {
        String exact = variants.stream().filter(v -> !rounds(v)).findFirst().orElseThrow();
        return numerics == Numerics.FAST
                ? variants.stream().filter(CpuFeatures::rounds).findFirst().orElse(exact)
                : exact;
    }

    /// Whether a variant rounds activations to BF16 beside weights in BF16.
    static boolean rounds(String variant) {
        return ROUNDING.contains(variant);
    }

    private static List<String> variants(int features) {
        List<String> variants = new ArrayList<>();
        if ((features & AMX) != 0) {
            variants.add("amx");
            variants.add("amxbf16");
        }
        if ((features & AVX512) != 0) {
            variants.add("avx512");
        }
        if ((features & AVX512_BF16) != 0) {
            variants.add("avx512bf16");
        }
        if ((features & AVX2) != 0) {
            variants.add("avx2");
        }
        if ((features & I8MM) != 0) {
            variants.add("i8mm");
        }
        if ((features & DOTPROD) != 0) {
            variants.add("dotprod");
        }
        if ((features & NEON) != 0) {
            variants.add("neon");
        }
        variants.removeIf(variant -> !NativeLibrary.isBuilt(variant));
        variants.add("portable");
        return variants;
    }
}
