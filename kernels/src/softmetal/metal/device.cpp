#include "../settings.h"
#include "../validation.h"
#include "objects.h"

namespace softmetal {

Profile Profile::current() {
    bool virtualized = setting("DEVICE") == "paravirtual";
    std::string name = setting("NAME");
    Profile profile;
    profile.name = !name.empty() ? name : virtualized ? "Apple Paravirtual device" : "Software Metal";
    profile.appleFamily = settingNumber("FAMILY", virtualized ? 5 : 8);
    profile.metal3 = profile.appleFamily >= 7;
    profile.workingSet = static_cast<size_t>(settingNumber("WORKING_SET", virtualized ? 5l << 30 : 16l << 30));
    profile.maxBuffer = static_cast<size_t>(settingNumber("MAX_BUFFER", virtualized ? 3850l << 20 : 12l << 30));
    profile.maxThreads = static_cast<unsigned>(settingNumber("MAX_THREADS", kThreadsLimit));
    profile.residencySets = settingNumber("RESIDENCY_SETS", virtualized ? 0 : 1) != 0;
    return profile;
}

namespace {

id name(Device *, SEL) {
    return autoreleasedString(Profile::current().name);
}
NSUInteger registryID(Device *, SEL) {
    return 0x1000004d5;
}
bool hasUnifiedMemory(Device *, SEL) {
    return true;
}
NSUInteger recommendedMaxWorkingSetSize(Device *, SEL) {
    return Profile::current().workingSet;
}
NSUInteger maxBufferLength(Device *, SEL) {
    return Profile::current().maxBuffer;
}
NSUInteger currentAllocatedSize(Device *, SEL) {
    return allocatedBytes();
}
NSUInteger maxThreadgroupMemoryLength(Device *, SEL) {
    return kThreadgroupBytes;
}
MTLSize maxThreadsPerThreadgroup(Device *, SEL) {
    return {kThreadsLimit, kThreadsLimit, kThreadsLimit};
}
bool supportsFamily(Device *, SEL, NSInteger family) {
    Profile profile = Profile::current();
    constexpr NSInteger kApple = 1000, kMac2 = 2002, kCommon1 = 3001, kCommon3 = 3003, kMetal3 = 5001;
    if (family > kApple && family < 2000) {
        return family - kApple <= profile.appleFamily;
    }
    return (family >= kCommon1 && family <= kCommon3) || ((family == kMac2 || family == kMetal3) && profile.metal3);
}

id newQueue(Device *, SEL) {
    return newCommandQueue(64);
}
id newQueueWithMax(Device *, SEL, NSUInteger count) {
    if (count == 0) {
        violation("newCommandQueueWithMaxCommandBufferCount: 0");
        return nullptr;
    }
    return newCommandQueue(count);
}

id newLibraryWithSource(Device *, SEL, id source, id options, id *error) {
    if (error != nullptr) {
        *error = nullptr;
    }
    const char *where = "newLibraryWithSource:options:error:";
    if (!expect<NSString>(source, where) || (options != nullptr && !expect<CompileOptions>(options, where))) {
        return nullptr;
    }
    return newLibrary(static_cast<NSString *>(source)->text, static_cast<CompileOptions *>(options), error);
}

id newPipelineWithFunction(Device *, SEL, id function, id *error) {
    if (error != nullptr) {
        *error = nullptr;
    }
    if (!expect<Function>(function, "newComputePipelineStateWithFunction:error:")) {
        return nullptr;
    }
    return newPipeline(static_cast<Function *>(function), error);
}

id newSharedEvent(Device *, SEL) {
    return create<Event>();
}
id newFence(Device *, SEL) {
    return create<Fence>();
}

id newResidencySet(Device *, SEL, id descriptor, id *error) {
    if (!expect<ResidencySetDescriptor>(descriptor, "newResidencySetWithDescriptor:error:")) {
        return nullptr;
    }
    if (!Profile::current().residencySets) {
        setError(error, "MTLResidencySetErrorDomain", 1, "residency sets are not supported by this device");
        return nullptr;
    }
    return create<ResidencySet>();
}

/// As on a Mac whose system is older than residency sets, the method itself is missing there.
bool respondsToSelector(Device *self, SEL, SEL asked) {
    if (asked == nullptr || (asked->name == "newResidencySetWithDescriptor:error:" && !Profile::current().residencySets)) {
        return false;
    }
    return asked->number < self->isa->methods.size() && self->isa->methods[asked->number] != nullptr;
}

void *const registered = defineAs<Device>(
    "MTLDevice", {method("name", name),
                  method("registryID", registryID),
                  method("hasUnifiedMemory", hasUnifiedMemory),
                  method("recommendedMaxWorkingSetSize", recommendedMaxWorkingSetSize),
                  method("maxBufferLength", maxBufferLength),
                  method("currentAllocatedSize", currentAllocatedSize),
                  method("maxThreadgroupMemoryLength", maxThreadgroupMemoryLength),
                  method("maxThreadsPerThreadgroup", maxThreadsPerThreadgroup),
                  method("supportsFamily:", supportsFamily),
                  method("newCommandQueue", newQueue),
                  method("newCommandQueueWithMaxCommandBufferCount:", newQueueWithMax),
                  method("newBufferWithLength:options:", newBuffer),
                  method("newBufferWithBytesNoCopy:length:options:deallocator:", newBufferNoCopy),
                  method("newLibraryWithSource:options:error:", newLibraryWithSource),
                  method("newComputePipelineStateWithFunction:error:", newPipelineWithFunction),
                  method("newSharedEvent", newSharedEvent),
                  method("newEvent", newSharedEvent),
                  method("newFence", newFence),
                  method("newResidencySetWithDescriptor:error:", newResidencySet),
                  method("respondsToSelector:", respondsToSelector)});

} // namespace

Device *Device::shared() {
    static Device *device = create<Device>();
    return device;
}

} // namespace softmetal

/// The device, with one reference more for the caller.
SOFTMETAL_API softmetal::id MTLCreateSystemDefaultDevice() {
    softmetal::tellAtExit();
    return softmetal::retain(softmetal::Device::shared());
}
