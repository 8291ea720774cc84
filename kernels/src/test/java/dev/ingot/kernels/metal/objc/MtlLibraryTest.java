package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.kernels.metal.SoftMetal;
import dev.ingot.kernels.metal.objc.MtlLibrary.MathMode;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MtlLibraryTest {
    @BeforeAll
    static void softMetal() {
        SoftMetal.require();
    }

    @AfterEach
    void clean() {
        SoftMetal.assertClean();
    }

    /// Nothing of how arithmetic is compiled is left to a default: of functions it is the fast ones.
    @ParameterizedTest
    @CsvSource({"SAFE, 0, 1", "RELAXED, 1, 0"})
    void compileOptionsSayHowExactArithmeticIs(MathMode mode, long expected, long functions)
            throws Throwable {
        try (var _ = new AutoreleasePool()) {
            MemorySegment options = MtlLibrary.compileOptions(3, 1, mode);
            assertThat((long) ObjectiveC.message("mathMode", JAVA_LONG).invokeExact(options))
                    .isEqualTo(expected);
            assertThat(
                            (long)
                                    ObjectiveC.message("mathFloatingPointFunctions", JAVA_LONG)
                                            .invokeExact(options))
                    .isEqualTo(functions);
            ObjectiveC.release(options);
        }
    }
}
