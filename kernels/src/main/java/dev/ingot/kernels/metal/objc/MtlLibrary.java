package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `MTLLibrary` and what goes into and comes out of it. A pool has to be open.
public final class MtlLibrary {
    /// `@property (readwrite) MTLLanguageVersion languageVersion`
    private static final MethodHandle SET_LANGUAGE_VERSION =
            ObjectiveC.message("setLanguageVersion:", null, JAVA_LONG);

    /// `@property (readwrite) MTLMathMode mathMode`, since macOS 15
    private static final MethodHandle SET_MATH_MODE =
            ObjectiveC.message("setMathMode:", null, JAVA_LONG);

    /// `@property (readwrite) MTLMathFloatingPointFunctions mathFloatingPointFunctions`, since macOS 15
    private static final MethodHandle SET_MATH_FUNCTIONS =
            ObjectiveC.message("setMathFloatingPointFunctions:", null, JAVA_LONG);

    /// `@property (readwrite) BOOL fastMathEnabled`, before macOS 15
    private static final MethodHandle SET_FAST_MATH_ENABLED =
            ObjectiveC.message("setFastMathEnabled:", null, JAVA_BOOLEAN);

    /// `- (id<MTLFunction>)newFunctionWithName:(NSString *)name
    /// constantValues:(MTLFunctionConstantValues *)constants error:(NSError **)error`
    private static final MethodHandle NEW_FUNCTION =
            ObjectiveC.message(
                    "newFunctionWithName:constantValues:error:",
                    ADDRESS,
                    ADDRESS,
                    ADDRESS,
                    ADDRESS);

    /// `- (void)setConstantValue:(const void *)value type:(MTLDataType)type atIndex:(NSUInteger)index`
    private static final MethodHandle SET_CONSTANT_VALUE =
            ObjectiveC.message(
                    "setConstantValue:type:atIndex:", null, ADDRESS, JAVA_LONG, JAVA_LONG);

    /// `@property (readonly) NSUInteger maxTotalThreadsPerThreadgroup`
    private static final MethodHandle MAX_TOTAL_THREADS =
            ObjectiveC.message("maxTotalThreadsPerThreadgroup", JAVA_LONG);

    /// `@property (readonly) NSUInteger threadExecutionWidth`
    private static final MethodHandle THREAD_EXECUTION_WIDTH =
            ObjectiveC.message("threadExecutionWidth", JAVA_LONG);

    /// `@property (readonly) NSUInteger staticThreadgroupMemoryLength`
    private static final MethodHandle STATIC_THREADGROUP_MEMORY =
            ObjectiveC.message("staticThreadgroupMemoryLength", JAVA_LONG);

    /// How exactly floating-point arithmetic is compiled.
    public enum MathMode {
        /// As it is written; infinities and NaN are what they are; functions are the precise ones.
        SAFE(0, 1),
        /// May be rearranged; infinities and NaN are still honoured; functions are the fast ones.
        RELAXED(1, 0);

        private final long code;
        private final long functions;

        MathMode(long code, long functions) {
            this.code = code;
            this.functions = functions;
        }
    }

    private MtlLibrary() {}

    /// An `MTLCompileOptions`, which the caller owns.
    ///
    /// @param major of the language's version
    /// @param minor of the language's version
    public static MemorySegment compileOptions(int major, int minor, MathMode mode) {
        MemorySegment options = ObjectiveC.create("MTLCompileOptions");
        try {
            SET_LANGUAGE_VERSION.invokeExact(options, ((long) major << 16) + minor);
            if (ObjectiveC.responds(options, "setMathMode:")) {
                SET_MATH_MODE.invokeExact(options, mode.code);
                // Whatever the mode, the functions would be the fast ones if nothing was said.
                SET_MATH_FUNCTIONS.invokeExact(options, mode.functions);
            } else {
                // The system before math modes knows only fast math, which forgets infinities and
                // NaN. Without it functions are precise, too.
                SET_FAST_MATH_ENABLED.invokeExact(options, false);
            }
            return options;
        } catch (Throwable e) {
            throw ObjectiveC.failed("MTLCompileOptions", e);
        }
    }

    /// An empty `MTLFunctionConstantValues`, which the caller owns.
    public static MemorySegment newConstants() {
        return ObjectiveC.create("MTLFunctionConstantValues");
    }

    /// Gives a constant its value.
    ///
    /// @param type an `MTLDataType`; says how many bytes of `value` are read
    public static void setConstant(
            MemorySegment constants, MemorySegment value, long type, long index) {
        try {
            SET_CONSTANT_VALUE.invokeExact(constants, value, type, index);
        } catch (Throwable e) {
            throw ObjectiveC.failed("setConstantValue:type:atIndex:", e);
        }
    }

    /// A function, which the caller owns.
    ///
    /// @throws MetalCallException if the library has none of that name, or a constant is missing
    public static MemorySegment newFunction(
            MemorySegment library, String name, MemorySegment constants) throws MetalCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ADDRESS);
            MemorySegment function =
                    (MemorySegment)
                            NEW_FUNCTION.invokeExact(library, NsString.of(name), constants, error);
            if (ObjectiveC.isNil(function)) {
                throw new MetalCallException(
                        "newFunctionWithName " + name, NsError.read(error.get(ADDRESS, 0)));
            }
            return function;
        } catch (MetalCallException e) {
            throw e;
        } catch (Throwable e) {
            throw ObjectiveC.failed("newFunctionWithName:constantValues:error:", e);
        }
    }

    /// Threads of the largest threadgroup that a pipeline can run.
    public static long maxTotalThreadsPerThreadgroup(MemorySegment pipeline) {
        return number(MAX_TOTAL_THREADS, pipeline, "maxTotalThreadsPerThreadgroup");
    }

    /// Threads of a simdgroup.
    public static long threadExecutionWidth(MemorySegment pipeline) {
        return number(THREAD_EXECUTION_WIDTH, pipeline, "threadExecutionWidth");
    }

    /// Bytes of threadgroup memory that a pipeline's function declares.
    public static long staticThreadgroupMemoryLength(MemorySegment pipeline) {
        return number(STATIC_THREADGROUP_MEMORY, pipeline, "staticThreadgroupMemoryLength");
    }

    private static long number(MethodHandle property, MemorySegment object, String name) {
        try {
            return (long) property.invokeExact(object);
        } catch (Throwable e) {
            throw ObjectiveC.failed(name, e);
        }
    }
}
