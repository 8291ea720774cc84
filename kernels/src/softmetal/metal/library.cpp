#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "../msl/process.h"
#include "../settings.h"
#include "../validation.h"
#include "objects.h"

namespace softmetal {
namespace {

/// What the initializers of the library that this thread is loading ask for, and tell.
struct Loading {
    const FunctionConstantValues *constants;
    std::map<const void *, unsigned> reserved;
};
thread_local Loading *loading = nullptr;

struct Search {
    const void *inside;
    LoadedModule *module;
};

int findImage(struct dl_phdr_info *info, size_t, void *data) {
    auto *search = static_cast<Search *>(data);
    auto *begin = reinterpret_cast<const unsigned char *>(~size_t{0});
    const unsigned char *end = nullptr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) &segment = info->dlpi_phdr[i];
        if (segment.p_type == PT_LOAD) {
            auto *at = reinterpret_cast<const unsigned char *>(info->dlpi_addr + segment.p_vaddr);
            begin = std::min(begin, at);
            end = std::max(end, at + segment.p_memsz);
        }
    }
    if (search->inside < begin || search->inside >= end) {
        return 0;
    }
    search->module->image = begin;
    search->module->imageEnd = end;
    return 1;
}

} // namespace

LoadedModule::~LoadedModule() {
    if (handle != nullptr) {
        dlclose(handle);
    }
    if (file >= 0) {
        close(file);
    }
}

const Kernel *LoadedModule::find(const std::string &name) const {
    for (unsigned i = 0; i < module->kernelCount; i++) {
        if (name == module->kernels[i].name) {
            return &module->kernels[i];
        }
    }
    return nullptr;
}

std::shared_ptr<LoadedModule> load(const Compiled &compiled, const FunctionConstantValues *constants, std::string *error) {
    // From a copy in memory: the dynamic linker would hand out one and the same instance for one file, and each set of
    // function constants needs its own. The copy stays open, because the linker also recognises a file by its name.
    std::string code = readFile(compiled.library);
    auto loaded = std::make_shared<LoadedModule>();
    loaded->traced = compiled.traced;
    loaded->library = compiled.library;
    if (constants != nullptr) {
        loaded->constants = constants->values;
    }
    loaded->file = memfd_create("softmetal", MFD_CLOEXEC);
    if (code.empty() || loaded->file < 0 ||
        write(loaded->file, code.data(), code.size()) != static_cast<ssize_t>(code.size())) {
        *error = "cannot copy " + compiled.library + " into memory";
        return nullptr;
    }
    Loading context{constants, {}};
    loading = &context;
    loaded->handle = dlopen(("/proc/self/fd/" + std::to_string(loaded->file)).c_str(), RTLD_NOW | RTLD_LOCAL);
    loading = nullptr;
    if (loaded->handle == nullptr) {
        *error = dlerror();
        return nullptr;
    }
    loaded->module = static_cast<const Module *>(dlsym(loaded->handle, "softmetal_module"));
    if (loaded->module == nullptr || loaded->module->abi != kAbi) {
        *error = compiled.library + " is no library of kernels of this version";
        return nullptr;
    }
    loaded->threadgroupBytes = std::move(context.reserved);
    Search search{loaded->module, loaded.get()};
    dl_iterate_phdr(findImage, &search);
    return loaded;
}

id newLibrary(const std::string &source, CompileOptions *options, id *error) {
    CompileRequest request;
    if (options != nullptr) {
        request = options->request;
    }
    request.source = source;
    Compiled compiled = compile(request);
    constexpr NSInteger kInternalError = 2, kCompileFailure = 3;
    if (compiled.library.empty()) {
        setError(error, "MTLLibraryErrorDomain", compiled.internal ? kInternalError : kCompileFailure, compiled.log);
        return nullptr;
    }
    std::string problem;
    auto module = load(compiled, nullptr, &problem);
    if (!module) {
        setError(error, "MTLLibraryErrorDomain", kInternalError, problem);
        return nullptr;
    }
    auto *library = create<Library>();
    library->compiled = compiled;
    library->module = module;
    library->languageVersion = request.languageVersion;
    return library;
}

namespace {

constexpr NSInteger kFunctionNotFound = 5;

id functionNames(Library *self, SEL) {
    auto *names = create<NSArray>();
    for (unsigned i = 0; i < self->module->module->kernelCount; i++) {
        names->objects.push_back(create<NSString>(self->module->module->kernels[i].name));
    }
    return autoreleased(names);
}

id makeFunction(Library *library, const std::string &name, const std::shared_ptr<LoadedModule> &module) {
    const Kernel *kernel = module->find(name);
    if (kernel == nullptr) {
        return nullptr;
    }
    auto *function = create<Function>();
    function->name = name;
    function->module = module;
    function->kernel = kernel;
    function->languageVersion = library->languageVersion;
    return function;
}

id newFunctionWithName(Library *self, SEL, id name) {
    std::string text = textOf(name, "newFunctionWithName:");
    const Module &module = *self->module->module;
    for (unsigned i = 0; i < module.constantCount; i++) {
        if (!module.constants[i].optional && self->module->find(text) != nullptr) {
            violation("newFunctionWithName: '%s' has function constants ('%s'): use newFunctionWithName:constantValues:error:",
                      text.c_str(), module.constants[i].name);
            return nullptr;
        }
    }
    return makeFunction(self, text, self->module);
}

id newFunctionWithConstants(Library *self, SEL, id name, id constants, id *error) {
    if (error != nullptr) {
        *error = nullptr;
    }
    const char *where = "newFunctionWithName:constantValues:error:";
    std::string text = textOf(name, where);
    if (!expect<FunctionConstantValues>(constants, where)) {
        return nullptr;
    }
    auto *values = static_cast<FunctionConstantValues *>(constants);
    if (self->module->find(text) == nullptr) {
        setError(error, "MTLLibraryErrorDomain", kFunctionNotFound, "Function " + text + " was not found in the library");
        return nullptr;
    }
    const Module &module = *self->module->module;
    for (unsigned i = 0; i < module.constantCount; i++) {
        const FunctionConstant &constant = module.constants[i];
        auto given = values->types.find(constant.index);
        if (given == values->types.end()) {
            if (!constant.optional) {
                setError(error, "MTLLibraryErrorDomain", 3,
                         std::string("Function constant '") + constant.name + "' (index " + std::to_string(constant.index) +
                             ") has no value");
                return nullptr;
            }
        } else if (given->second != constant.type) {
            setError(error, "MTLLibraryErrorDomain", 3,
                     std::string("Function constant '") + constant.name + "' has MTLDataType " +
                         std::to_string(constant.type) + ", its value was given as " + std::to_string(given->second));
            return nullptr;
        }
    }
    std::string problem;
    auto specialised = load(self->compiled, values, &problem);
    if (!specialised) {
        setError(error, "MTLLibraryErrorDomain", 2, problem);
        return nullptr;
    }
    return makeFunction(self, text, specialised);
}

id functionName(Function *self, SEL) {
    return autoreleasedString(self->name);
}

/// Bytes of an MTLDataType that may be a function constant; 0 for all others.
size_t bytesOf(NSUInteger type) {
    switch (type) {
        case 3: case 29: case 33: return 4;
        case 16: case 37: case 41: return 2;
        case 45: case 49: case 53: return 1;
        default: return 0;
    }
}

void setConstantValue(FunctionConstantValues *self, SEL, const void *value, NSUInteger type, NSUInteger index) {
    size_t bytes = bytesOf(type);
    if (value == nullptr || bytes == 0 || index >= kFunctionConstants) {
        violation("setConstantValue:type:atIndex: value %p, MTLDataType %lu, index %lu: expected a scalar and an index below %u",
                  value, type, index, kFunctionConstants + 0u);
        return;
    }
    std::array<unsigned char, 8> stored{};
    std::memcpy(stored.data(), value, bytes);
    self->values[static_cast<unsigned>(index)] = stored;
    self->types[static_cast<unsigned>(index)] = static_cast<unsigned>(type);
}

id newConstants(Class *, SEL) {
    return create<FunctionConstantValues>();
}
id newOptions(Class *, SEL) {
    return create<CompileOptions>();
}
void setFastMathEnabled(CompileOptions *self, SEL, bool enabled) {
    self->request.math = enabled ? MathMode::fast : MathMode::safe;
    self->preciseFunctions = !enabled;
}
void setMathMode(CompileOptions *self, SEL, NSInteger mode) {
    if (mode < 0 || mode > 2) {
        violation("setMathMode: %ld is none of safe (0), relaxed (1), fast (2)", mode);
        return;
    }
    self->request.math = static_cast<MathMode>(mode);
}
void setMathFunctions(CompileOptions *self, SEL, NSInteger functions) {
    if (functions < 0 || functions > 1) {
        violation("setMathFloatingPointFunctions: %ld is neither fast (0) nor precise (1)", functions);
        return;
    }
    self->preciseFunctions = functions == 1;
}
NSInteger mathFunctions(CompileOptions *self, SEL) {
    return self->preciseFunctions ? 1 : 0;
}
NSInteger mathMode(CompileOptions *self, SEL) {
    return static_cast<NSInteger>(self->request.math);
}
void setLanguageVersion(CompileOptions *self, SEL, NSUInteger version) {
    static constexpr NSUInteger known[] = {(2 << 16) + 3, (2 << 16) + 4, 3 << 16, (3 << 16) + 1, (3 << 16) + 2, 4 << 16};
    for (NSUInteger candidate : known) {
        if (candidate == version) {
            self->request.languageVersion = static_cast<unsigned>(version);
            return;
        }
    }
    violation("setLanguageVersion: %#lx is no MTLLanguageVersion (major << 16) + minor", version);
}
void setPreprocessorMacros(CompileOptions *self, SEL, id macros) {
    self->request.macros.clear();
    if (macros == nullptr || !expect<NSDictionary>(macros, "setPreprocessorMacros:")) {
        return;
    }
    for (auto &[key, value] : static_cast<NSDictionary *>(macros)->entries) {
        std::string text = value->isa == ClassOf<NSNumber>::value ? std::to_string(static_cast<NSNumber *>(value)->value)
                                                                 : textOf(value, "setPreprocessorMacros:");
        self->request.macros.emplace_back(textOf(key, "setPreprocessorMacros:"), text);
    }
}

NSUInteger maxTotalThreads(Pipeline *self, SEL) {
    return self->maxThreads;
}
NSUInteger executionWidth(Pipeline *, SEL) {
    return kSimdWidth;
}
NSUInteger staticThreadgroupMemoryLength(Pipeline *self, SEL) {
    return self->staticThreadgroupBytes;
}

void *const registered[] = {
    defineAs<Library>("MTLLibrary", {method("functionNames", functionNames), method("newFunctionWithName:", newFunctionWithName),
                                     method("newFunctionWithName:constantValues:error:", newFunctionWithConstants),
                                     method("setLabel:", setLabel<Library>), method("label", getLabel<Library>)}),
    defineAs<Function>("MTLFunction", {method("name", functionName)}),
    defineAs<FunctionConstantValues>("MTLFunctionConstantValues",
                                     {method("setConstantValue:type:atIndex:", setConstantValue)}, {method("new", newConstants)}),
    defineAs<CompileOptions>("MTLCompileOptions",
                             {method("setFastMathEnabled:", setFastMathEnabled), method("setMathMode:", setMathMode),
                              method("mathMode", mathMode), method("setMathFloatingPointFunctions:", setMathFunctions),
                              method("mathFloatingPointFunctions", mathFunctions),
                              method("setLanguageVersion:", setLanguageVersion),
                              method("setPreprocessorMacros:", setPreprocessorMacros)},
                             {method("new", newOptions)}),
    defineAs<Pipeline>("MTLComputePipelineState", {method("maxTotalThreadsPerThreadgroup", maxTotalThreads),
                                                   method("threadExecutionWidth", executionWidth),
                                                   method("staticThreadgroupMemoryLength", staticThreadgroupMemoryLength)}),
};

} // namespace

id newPipeline(Function *function, id *error) {
    constexpr unsigned kNewestVersion = (3 << 16) + 2;
    if (function->languageVersion > kNewestVersion) {
        setError(error, "AGXMetalSoftware", 1, "the library's language version is newer than this system's compiler");
        return nullptr;
    }
    auto *pipeline = create<Pipeline>();
    pipeline->name = function->name;
    pipeline->module = function->module;
    pipeline->kernel = function->kernel;
    auto reserved = function->module->threadgroupBytes.find(function->kernel->function);
    pipeline->staticThreadgroupBytes = reserved == function->module->threadgroupBytes.end() ? 0 : reserved->second;
    if (pipeline->staticThreadgroupBytes > kThreadgroupBytes) {
        setError(error, "AGXMetalSoftware", 3,
                 "Threadgroup memory size (" + std::to_string(pipeline->staticThreadgroupBytes) +
                     ") exceeds the maximum threadgroup memory allowed (" + std::to_string(kThreadgroupBytes) + ")");
        release(pipeline);
        return nullptr;
    }
    pipeline->maxThreads = Profile::current().maxThreads;
    if (function->kernel->maxThreads != 0) {
        pipeline->maxThreads = std::min(pipeline->maxThreads, function->kernel->maxThreads);
    }
    return pipeline;
}

} // namespace softmetal

unsigned softmetal_reserve(const void *kernel, unsigned long bytes, unsigned long alignment) {
    unsigned &used = softmetal::loading->reserved[kernel];
    unsigned long offset = (used + alignment - 1) / alignment * alignment;
    used = static_cast<unsigned>(std::min(offset + bytes, 1ul << 30));
    return static_cast<unsigned>(offset);
}

const void *softmetal_function_constant(unsigned index) {
    static const std::array<unsigned char, 8> none{};
    const auto *constants = softmetal::loading->constants;
    if (constants == nullptr || constants->values.count(index) == 0) {
        return none.data();
    }
    return constants->values.at(index).data();
}

bool softmetal_function_constant_defined(unsigned index) {
    const auto *constants = softmetal::loading->constants;
    return constants != nullptr && constants->values.count(index) != 0;
}
