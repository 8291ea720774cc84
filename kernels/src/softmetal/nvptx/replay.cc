// replay FOLDER [--time]: runs recorded dispatches on an NVIDIA GPU, through the CUDA driver, and compares what comes out;
// if asked to, it also tells how long each of them takes there.
//
// A recording is what the software device wrote where SOFTMETAL_RECORD was set (metal/recording.h says how); prepare.sh has
// compiled its kernels to machine code. Every buffer is an allocation of its own and of its exact size, full of ones where
// the recording knows nothing, so that compute-sanitizer sees each access that leaves it.
#include <cuda.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr uint32_t kMagic = 0x31524d53;
constexpr size_t kBlock = 256;
constexpr unsigned char kUnknown = 0xff;
constexpr int kSlots = 31, kConstants = 64;
/// What an element may be off, or that part of it where it is above 1: functions of mathematics differ in their last bits.
constexpr double kTolerance = 1e-4;

void check(CUresult result, const char *what) {
    if (result != CUDA_SUCCESS) {
        const char *text = "?";
        cuGetErrorString(result, &text);
        std::printf("%s: %s\n", what, text);
        std::exit(2);
    }
}

struct Reader {
    const std::vector<char> &data;
    size_t at = 0;
    bool more() const { return at < data.size(); }
    void raw(void *to, size_t bytes) {
        if (at + bytes > data.size()) {
            std::printf("the recording ends in the middle of a dispatch\n");
            std::exit(2);
        }
        std::memcpy(to, data.data() + at, bytes);
        at += bytes;
    }
    uint32_t number() {
        uint32_t value;
        raw(&value, sizeof value);
        return value;
    }
    uint64_t large() {
        uint64_t value;
        raw(&value, sizeof value);
        return value;
    }
    std::string text() {
        std::string value(number(), ' ');
        raw(&value[0], value.size());
        return value;
    }
};

struct BufferImage {
    std::vector<unsigned char> before, after; // whole buffers; `after` is empty where the kernel writes nothing
    std::vector<bool> written;                // by block
    char element = 0;                         // of what is written
    CUdeviceptr memory = 0;
};

/// As a kernel is handed it: lanes_nvptx.h.
struct Launch {
    CUdeviceptr buffer[kSlots];
    unsigned threadgroupOffset[kSlots];
};

struct Library {
    CUmodule module;
    std::map<uint32_t, std::pair<CUdeviceptr, size_t>> constants;
    std::map<uint32_t, CUdeviceptr> defined;
};

struct Tally {
    long dispatches = 0, exact = 0, close = 0, wrong = 0;
    double error = 0;
};

float widened(char element, const unsigned char *p) {
    if (element == 'f') {
        float value;
        std::memcpy(&value, p, sizeof value);
        return value;
    }
    uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    if (element == 'b') {
        uint32_t wide = static_cast<uint32_t>(bits) << 16;
        float value;
        std::memcpy(&value, &wide, sizeof value);
        return value;
    }
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float size = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                 : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                  : std::ldexp(static_cast<float>(fraction | 1024), exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
}

/// The largest error; 0 where all bits are equal, infinite where it is no matter of rounding.
double difference(const BufferImage &image, const std::vector<unsigned char> &got) {
    double worst = 0;
    for (size_t at = 0; at < got.size(); at++) {
        unsigned char expected = image.written[at / kBlock] ? image.after[at] : image.before[at];
        if (got[at] == expected) {
            continue;
        }
        size_t bytes = image.element == 'f' ? 4 : 2;
        size_t first = at / bytes * bytes;
        if (image.element == 0 || !image.written[at / kBlock] || first + bytes > got.size()) {
            std::printf("byte %zu of %zu is %02x, on the host %02x%s\n", at, got.size(), got[at], expected,
                        image.written[at / kBlock] ? "" : ", which did not write there");
            return INFINITY;
        }
        double a = widened(image.element, &got[first]), e = widened(image.element, &image.after[first]);
        if (!(std::isnan(a) && std::isnan(e))) {
            double error = std::fabs(a - e) / std::fmax(1, std::fabs(e));
            if (!(error <= kTolerance) && worst <= kTolerance) {
                std::printf("the number at %zu of %zu is %g, on the host %g\n", first, got.size(), a, e);
            }
            worst = std::isnan(error) ? INFINITY : std::fmax(worst, error);
        }
        at = first + bytes - 1;
    }
    return worst;
}

Library &library(const std::string &folder, const std::string &name) {
    static std::map<std::string, Library> loaded;
    auto found = loaded.find(name);
    if (found != loaded.end()) {
        return found->second;
    }
    Library &library = loaded[name];
    check(cuModuleLoad(&library.module, (folder + "/" + name + ".cubin").c_str()), "cuModuleLoad");
    for (uint32_t i = 0; i < kConstants; i++) {
        CUdeviceptr at;
        size_t bytes;
        if (cuModuleGetGlobal(&at, &bytes, library.module, ("sm_constant_" + std::to_string(i)).c_str()) == CUDA_SUCCESS) {
            library.constants[i] = {at, bytes};
            check(cuModuleGetGlobal(&at, &bytes, library.module, ("sm_defined_" + std::to_string(i)).c_str()), "sm_defined");
            library.defined[i] = at;
        }
    }
    return library;
}

void setConstants(const Library &library, Reader &in) {
    for (const auto &entry : library.defined) {
        check(cuMemsetD8(entry.second, 0, 1), "cuMemset");
    }
    for (uint32_t count = in.number(); count > 0; count--) {
        uint32_t index = in.number();
        unsigned char value[8];
        in.raw(value, sizeof value);
        auto constant = library.constants.find(index);
        if (constant != library.constants.end()) {
            check(cuMemcpyHtoD(constant->second.first, value, constant->second.second), "a constant");
            check(cuMemsetD8(library.defined.at(index), 1, 1), "cuMemset");
        }
    }
}

void readBlocks(Reader &in, std::vector<unsigned char> &image, std::vector<bool> *which) {
    for (uint32_t count = in.number(); count > 0; count--) {
        size_t block = in.number();
        size_t at = block * kBlock;
        in.raw(&image[at], image.size() - at < kBlock ? image.size() - at : kBlock);
        if (which != nullptr) {
            (*which)[block] = true;
        }
    }
}

CUdeviceptr uploaded(const void *data, size_t bytes) {
    CUdeviceptr memory;
    check(cuMemAlloc(&memory, bytes), "cuMemAlloc");
    check(cuMemcpyHtoD(memory, data, bytes), "cuMemcpyHtoD");
    return memory;
}

/// The median time of one of many launches, in µs, by the GPU's own clock. What is read stays in its cache.
template <class Launch>
double timed(Launch launch) {
    constexpr int kWarmUp = 5, kLaunches = 51;
    CUevent begin, end;
    check(cuEventCreate(&begin, CU_EVENT_DEFAULT), "cuEventCreate");
    check(cuEventCreate(&end, CU_EVENT_DEFAULT), "cuEventCreate");
    std::vector<float> times;
    for (int i = 0; i < kWarmUp + kLaunches; i++) {
        float milliseconds;
        check(cuEventRecord(begin, nullptr), "cuEventRecord");
        launch();
        check(cuEventRecord(end, nullptr), "cuEventRecord");
        check(cuEventSynchronize(end), "cuEventSynchronize");
        check(cuEventElapsedTime(&milliseconds, begin, end), "cuEventElapsedTime");
        if (i >= kWarmUp) {
            times.push_back(milliseconds * 1000);
        }
    }
    check(cuEventDestroy(begin), "cuEventDestroy");
    check(cuEventDestroy(end), "cuEventDestroy");
    std::nth_element(times.begin(), times.begin() + kLaunches / 2, times.end());
    return times[kLaunches / 2];
}

/// Runs one dispatch; its kernel's name.
std::string replay(const std::string &folder, Reader &in, bool isTimed, double *error) {
    if (in.number() != kMagic) {
        std::printf("this is no recording\n");
        std::exit(2);
    }
    std::string source = in.text();
    uint32_t kernel = in.number();
    std::string name = in.text();
    Library &code = library(folder, source);
    setConstants(code, in);
    unsigned groups[3], size[3];
    for (int i = 0; i < 3; i++) {
        groups[i] = in.number();
        size[i] = in.number();
        if (in.number() != groups[i] * size[i]) {
            std::printf("%s: its last threadgroups are not full, which this program does not know\n", name.c_str());
            std::exit(2);
        }
    }
    unsigned dynamicBytes = in.number();
    std::vector<BufferImage> buffers(in.number());
    for (BufferImage &buffer : buffers) {
        size_t length = in.large();
        buffer.before.assign(length, kUnknown);
        buffer.written.assign((length + kBlock - 1) / kBlock, false);
        readBlocks(in, buffer.before, nullptr);
        buffer.after = buffer.before;
        readBlocks(in, buffer.after, &buffer.written);
        buffer.memory = uploaded(buffer.before.data(), length);
    }
    Launch launch{};
    std::vector<CUdeviceptr> others;
    for (uint32_t count = in.number(); count > 0; count--) {
        uint32_t kind = in.number(), index = in.number();
        if (kind == 1) {
            BufferImage &buffer = buffers.at(in.number());
            launch.buffer[index] = buffer.memory + in.large();
            char element = static_cast<char>(in.number());
            if (in.number() != 0 && element != 0) {
                buffer.element = element;
            }
        } else if (kind == 2) {
            std::vector<unsigned char> bytes(in.number());
            in.raw(bytes.data(), bytes.size());
            others.push_back(uploaded(bytes.data(), bytes.size()));
            launch.buffer[index] = others.back();
        } else if (kind == 3) {
            launch.threadgroupOffset[index] = in.number();
        }
    }
    CUdeviceptr arguments = uploaded(&launch, sizeof launch);
    others.push_back(arguments);
    CUfunction function;
    check(cuModuleGetFunction(&function, code.module, ("sm_kernel_" + std::to_string(kernel)).c_str()), name.c_str());
    void *parameters[] = {&arguments};
    auto launchKernel = [&] {
        check(cuLaunchKernel(function, groups[0], groups[1], groups[2], size[0], size[1], size[2], dynamicBytes, nullptr, parameters, nullptr),
              name.c_str());
    };
    launchKernel();
    check(cuCtxSynchronize(), name.c_str());
    *error = 0;
    for (BufferImage &buffer : buffers) {
        std::vector<unsigned char> got(buffer.before.size());
        check(cuMemcpyDtoH(got.data(), buffer.memory, got.size()), "cuMemcpyDtoH");
        *error = std::fmax(*error, difference(buffer, got));
    }
    if (isTimed) {
        double time = timed(launchKernel);
        std::printf("%-28s %5u x %4u x %2u groups of %4u %12.1f us\n", name.c_str(), groups[0], groups[1], groups[2],
                    size[0] * size[1] * size[2], time);
    }
    for (BufferImage &buffer : buffers) {
        check(cuMemFree(buffer.memory), "cuMemFree");
    }
    for (CUdeviceptr other : others) {
        check(cuMemFree(other), "cuMemFree");
    }
    return name;
}

} // namespace

int main(int count, char **arguments) {
    bool isTimed = count == 3 && std::strcmp(arguments[2], "--time") == 0;
    if (count != 2 && !isTimed) {
        std::printf("usage: replay FOLDER [--time]\n");
        return 2;
    }
    std::string folder = arguments[1];
    std::ifstream file(folder + "/dispatches.bin", std::ios::binary);
    std::vector<char> data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    check(cuInit(0), "cuInit");
    CUdevice device;
    CUcontext context;
    check(cuDeviceGet(&device, 0), "cuDeviceGet");
    check(cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
    check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    char name[100];
    check(cuDeviceGetName(name, sizeof name, device), "cuDeviceGetName");
    std::printf("%s, %zu bytes of recordings\n", name, data.size());

    std::map<std::string, Tally> tallies;
    Tally all;
    for (Reader in{data}; in.more();) {
        double error;
        std::string kernel = replay(folder, in, isTimed, &error);
        for (Tally *tally : {&tallies[kernel], &all}) {
            tally->dispatches++;
            tally->exact += error == 0;
            tally->close += error > 0 && error <= kTolerance;
            tally->wrong += !(error <= kTolerance);
            tally->error = std::fmax(tally->error, error);
        }
        if (!(error <= kTolerance)) {
            std::printf("^ %s, dispatch %ld\n", kernel.c_str(), all.dispatches);
        }
    }
    std::printf("%-28s %10s %10s %10s %10s %12s\n", "kernel", "dispatches", "same bits", "close", "wrong", "worst error");
    for (const auto &entry : tallies) {
        const Tally &t = entry.second;
        std::printf("%-28s %10ld %10ld %10ld %10ld %12.1e\n", entry.first.c_str(), t.dispatches, t.exact, t.close, t.wrong, t.error);
    }
    std::printf("%-28s %10ld %10ld %10ld %10ld %12.1e\n", "all", all.dispatches, all.exact, all.close, all.wrong, all.error);
    return all.wrong == 0 && all.dispatches > 0 ? 0 : 1;
}
