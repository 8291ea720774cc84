// What a translated kernel library and the runtime agree on: the threads of a threadgroup as the kernel sees them, and
// the table of kernels that a library exports. Included by both sides, and by kernels without any system header.
#pragma once

namespace softmetal {

enum : unsigned {
    kBufferSlots = 31,
    kSimdWidth = 32,
    kThreadsLimit = 1024,
    kThreadgroupBytes = 32768,
    kFunctionConstants = 64,
};

struct Simdgroup;
struct Threadgroup;

/// Computes the results of a simdgroup operation from all its slots; runs once, when the last lane has arrived.
using Combine = void (*)(Simdgroup &, unsigned parity);

/// Thirty-two lanes in lockstep wherever they talk to each other.
///
/// The slots are double buffered by the parity of `generation`: a lane can be at most one operation ahead of one that
/// still reads the results of the previous, so that one meeting per operation is enough.
struct alignas(64) Simdgroup {
    unsigned index;      // in its threadgroup
    unsigned width;      // 32, less in the last of a ragged threadgroup
    unsigned alive;      // mask of the lanes that have not returned
    unsigned arrived;    // mask of the lanes that wait in the operation under way
    unsigned generation; // operations completed
    unsigned site;       // where the operation under way stands in the source; lanes at two sites have diverged
    Combine combine;     // of the operation under way
    unsigned active[2];  // by parity: the lanes that took part
    unsigned fences;     // simdgroup barriers passed, for the race check
    alignas(64) unsigned char slot[2][kSimdWidth][16];
    alignas(64) unsigned char result[2][kSimdWidth][16];
    alignas(64) float operand[2][3][64]; // A, B and C of a matrix multiplication; the result replaces C
};

/// One thread of the grid.
struct Lane {
    Simdgroup *simdgroup;
    const Threadgroup *group;
    unsigned index;  // in its simdgroup
    unsigned number; // in its threadgroup
    unsigned position[3]; // in its threadgroup
};

/// The buffers of one dispatch.
struct Arguments {
    void *buffer[kBufferSlots];
    unsigned long bytes[kBufferSlots];
    unsigned threadgroupOffset[kBufferSlots]; // of each [[threadgroup(n)]] pointer in the threadgroup's memory
};

struct Threadgroup {
    unsigned char *memory;
    const Arguments *arguments;
    unsigned position[3];  // in the grid
    unsigned size[3];      // its threads; smaller than `fullSize` at a ragged end
    unsigned fullSize[3];
    unsigned groups[3];    // threadgroups per grid
    unsigned threads[3];   // threads per grid
    unsigned simdgroups;
};

enum ParameterKind : unsigned { kBuffer, kThreadgroupMemory, kBuiltin };

/// One parameter of a kernel, for the checks before a dispatch.
struct Parameter {
    const char *name;
    ParameterKind kind;
    unsigned index;
    unsigned long bytes; // that a reference reads; 0 for a pointer
    bool writable;
    char element; // 'f'loat, 'h'alf or 'b'float where it points to such; else 0
};

struct Kernel {
    const char *name;
    void (*entry)(const Lane *);
    const Parameter *parameters;
    unsigned parameterCount;
    const void *function; // the key under which its threadgroup variables registered
    unsigned maxThreads;  // [[max_total_threads_per_threadgroup(n)]], else 0
};

struct FunctionConstant {
    const char *name;
    unsigned index;
    bool optional;        // the source asks is_function_constant_defined
    unsigned type;        // MTLDataType
};

struct Module {
    unsigned abi;
    const Kernel *kernels;
    unsigned kernelCount;
    const FunctionConstant *constants;
    unsigned constantCount;
};
enum : unsigned { kAbi = 2 };

} // namespace softmetal

#ifndef __NVPTX__
#pragma GCC visibility push(default)
extern "C" {
/// The lane that runs on this worker thread; stays the same for as long as one lane's code sees it.
extern __thread const softmetal::Lane *softmetal_current_lane __attribute__((tls_model("initial-exec")));

/// Waits until every living lane of the simdgroup has arrived at `site`; the last one has `combine` (if any) run.
void softmetal_meet(const softmetal::Lane *lane, unsigned site, softmetal::Combine combine);
void softmetal_threadgroup_barrier(const softmetal::Lane *lane);
void softmetal_simdgroup_barrier(const softmetal::Lane *lane, unsigned site);
/// Ends the dispatch: its command buffer fails with this message.
[[noreturn]] void softmetal_fail(const char *message);
/// Reserves a threadgroup variable of a kernel, while the library is loaded; gives its offset.
unsigned softmetal_reserve(const void *kernel, unsigned long bytes, unsigned long alignment);
/// The eight bytes of a function constant in the library that is being loaded.
const void *softmetal_function_constant(unsigned index);
bool softmetal_function_constant_defined(unsigned index);
/// Memory checking of what the compiler's own instrumentation does not see: atomic operations.
void softmetal_check_atomic(const void *address, unsigned long bytes);
}
#pragma GCC visibility pop
#endif
