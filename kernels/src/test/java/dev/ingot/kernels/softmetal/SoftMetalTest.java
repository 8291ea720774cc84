package dev.ingot.kernels.softmetal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The whole way once: compile, specialise, bind, dispatch, wait, read.
class SoftMetalTest {
    private static final String SCALE =
            SoftMetal.HEADER
                    + """
                    constant float factor [[function_constant(0)]];
                    template <typename T>
                    kernel void scale(device const T* x [[buffer(0)]], device T* y [[buffer(1)]],
                                      uint i [[thread_position_in_grid]]) {
                        y[i] = x[i] * T(factor);
                    }
                    template [[host_name("scale_f32")]] kernel decltype(scale<float>) scale<float>;
                    template [[host_name("scale_f16")]] kernel decltype(scale<half>) scale<half>;
                    """;

    @Test
    void compilesAndRunsAKernelWithItsConstant() {
        try (var metal = new SoftMetal()) {
            MemorySegment library = metal.library(SCALE);
            MemorySegment x = metal.floats(1, 2, 3, 4);
            MemorySegment y = metal.buffer(16);
            for (float factor : new float[] {2, -3}) {
                MemorySegment pipeline = metal.pipeline(library, "scale_f32", Map.of(0, factor));
                assertEquals("", metal.run(pipeline, 1, 4, x, y));
                assertEquals(4 * factor, metal.contents(y).getAtIndex(JAVA_FLOAT, 3));
                metal.release(pipeline);
            }
            metal.release(library);
            metal.release(x);
            metal.release(y);
            assertEquals(0, metal.counter("violations"), metal.lastMessage());
        }
    }

    @Test
    void saysWhereASourceIsWrong() {
        try (var metal = new SoftMetal()) {
            String broken =
                    "kernel void broken(device float* x [[buffer(0)]]) {\n    x[0] = nonsense(1);\n}\n";
            String message = metal.refusal(SCALE + broken);
            int line = (int) SCALE.lines().count() + 2;
            assertTrue(
                    message.startsWith(
                            "MTLLibraryErrorDomain 3: program_source:"
                                    + line
                                    + ":12: error: use of undeclared identifier"),
                    message);
        }
    }
}
