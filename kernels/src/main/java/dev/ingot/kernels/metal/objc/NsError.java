package dev.ingot.kernels.metal.objc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Why a call failed, as Metal says it.
///
/// @param domain who says it: `MTLLibraryErrorDomain`, `MTLCommandBufferErrorDomain`, …
/// @param code its meaning depends on the domain
/// @param description for people; the compiler's whole text where a library did not compile
public record NsError(String domain, long code, String description) {
    /// `- (NSErrorDomain)domain`
    private static final MethodHandle DOMAIN = ObjectiveC.message("domain", ADDRESS);

    /// `- (NSInteger)code`
    private static final MethodHandle CODE = ObjectiveC.message("code", JAVA_LONG);

    /// `- (NSString *)localizedDescription`
    private static final MethodHandle DESCRIPTION =
            ObjectiveC.message("localizedDescription", ADDRESS);

    /// Reads an `NSError *`; nil gives an error without domain.
    static NsError read(MemorySegment error) {
        if (ObjectiveC.isNil(error)) {
            return new NsError("", 0, "no reason was given");
        }
        try {
            return new NsError(
                    NsString.text((MemorySegment) DOMAIN.invokeExact(error)),
                    (long) CODE.invokeExact(error),
                    NsString.text((MemorySegment) DESCRIPTION.invokeExact(error)));
        } catch (Throwable e) {
            throw ObjectiveC.failed("NSError", e);
        }
    }

    @Override
    public String toString() {
        return domain + " " + code + ": " + description;
    }
}
