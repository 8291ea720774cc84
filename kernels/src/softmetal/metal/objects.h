// The objects of Metal that Ingot uses, and what they share. Each has its methods in a file of its own.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "../include/softmetal/abi.h"
#include "../msl/compiler.h"
#include "../objc/foundation.h"
#include "../objc/runtime.h"

namespace softmetal {

struct MTLSize {
    NSUInteger width, height, depth;
    NSUInteger volume() const { return width * height * depth; }
};

enum class CommandBufferStatus : NSUInteger { notEnqueued, enqueued, committed, scheduled, completed, error };
/// MTLCommandBufferError; 14 is what macOS reports for work that keeps the display from being drawn.
enum CommandBufferError : NSInteger {
    kInternal = 1,
    kTimeout = 2,
    kPageFault = 3,
    kAccessRevoked = 4,
    kNotPermitted = 7,
    kOutOfMemory = 8,
    kInvalidResource = 9,
    kImpactingInteractivity = 14
};
enum StorageMode : NSUInteger { kShared = 0, kManaged = 1, kPrivate = 2, kMemoryless = 3 };

/// What the device claims to be; read anew for every question, so that tests can change it.
struct Profile {
    std::string name;
    long appleFamily;
    bool metal3;
    size_t workingSet;
    size_t maxBuffer;
    unsigned maxThreads;
    bool residencySets;
    static Profile current();
};

struct Device : Object {
    static Device *shared();
};

struct Buffer : Object {
    ~Buffer();
    StorageMode storage() const { return static_cast<StorageMode>((options >> 4) & 15); }
    bool untracked() const { return ((options >> 8) & 3) == 1; }
    unsigned char *memory = nullptr;
    size_t length = 0;
    NSUInteger options = 0;
    std::string label;
    void *mapping = nullptr; // ours, with its guard pages; null for memory of the caller
    size_t mapped = 0;
    Block *deallocator = nullptr;
};
size_t allocatedBytes();
id newBuffer(Device *, SEL, NSUInteger length, NSUInteger options);
id newBufferNoCopy(Device *, SEL, void *memory, NSUInteger length, NSUInteger options, Block *deallocator);

struct CompileOptions : Object {
    CompileRequest request;
    bool preciseFunctions = false;
};

struct FunctionConstantValues : Object {
    std::map<unsigned, std::array<unsigned char, 8>> values;
    std::map<unsigned, unsigned> types;
};

/// A compiled library in this process, with one set of function constants.
struct LoadedModule {
    ~LoadedModule();
    void *handle = nullptr;
    int file = -1;
    const Module *module = nullptr;
    const unsigned char *image = nullptr;
    const unsigned char *imageEnd = nullptr;
    bool traced = false;
    std::string library; // the path of the file it was loaded from
    std::map<unsigned, std::array<unsigned char, 8>> constants;
    std::map<const void *, unsigned> threadgroupBytes; // static ones, by kernel function
    const Kernel *find(const std::string &name) const;
};
/// Loads a library; null and a message where that fails.
std::shared_ptr<LoadedModule> load(const Compiled &compiled, const FunctionConstantValues *constants, std::string *error);

struct Library : Object {
    Compiled compiled;
    unsigned languageVersion = 0;
    std::shared_ptr<LoadedModule> module; // with no function constants: for its table of names
    std::string label;
};
id newLibrary(const std::string &source, CompileOptions *options, id *error);

struct Function : Object {
    std::string name;
    std::shared_ptr<LoadedModule> module;
    const Kernel *kernel = nullptr;
    unsigned languageVersion = 0;
};

struct Pipeline : Object {
    std::string name;
    std::shared_ptr<LoadedModule> module;
    const Kernel *kernel = nullptr;
    unsigned staticThreadgroupBytes = 0;
    unsigned maxThreads = 0;
};
id newPipeline(Function *function, id *error);

/// MTLEvent and MTLSharedEvent.
struct Event : Object {
    std::mutex mutex;
    std::condition_variable changed;
    unsigned long value = 0;
    std::string label;
    void signal(unsigned long to);
    /// Waits until the value is reached; false where `cancelled` became true first.
    bool wait(unsigned long until, const std::function<bool()> &cancelled);
};

struct Fence : Object {
    std::string label;
};

struct ResidencySetDescriptor : Object {
    std::string label;
    NSUInteger initialCapacity = 0;
};
struct ResidencySet : Object {
    ~ResidencySet();
    std::vector<id> pending;
    std::vector<id> allocations;
};

// Commands, as a command buffer records them.

struct BoundBuffer {
    Buffer *buffer = nullptr;
    size_t offset = 0;
    const unsigned char *bytes = nullptr; // of setBytes
    size_t length = 0;                    // of setBytes
    bool bound() const { return buffer != nullptr || bytes != nullptr; }
};

struct DispatchCommand {
    Pipeline *pipeline;
    std::array<BoundBuffer, kBufferSlots> buffers;
    std::array<unsigned, kBufferSlots> threadgroupBytes;
    MTLSize groups, threads, size;
    unsigned encoder;  // its number in the command buffer
    bool concurrent;   // the encoder's dispatches may overlap
};
struct BarrierCommand {};
struct FillCommand {
    Buffer *buffer;
    size_t offset, length;
    unsigned char value;
};
struct CopyCommand {
    Buffer *from;
    size_t fromOffset;
    Buffer *to;
    size_t toOffset, length;
};
struct SignalCommand {
    Event *event;
    unsigned long value;
};
struct WaitCommand {
    Event *event;
    unsigned long value;
};
struct FenceCommand {
    Fence *fence;
    bool update;
    unsigned encoder;
};
using Command = std::variant<DispatchCommand, BarrierCommand, FillCommand, CopyCommand, SignalCommand, WaitCommand, FenceCommand>;

class Timeline;

struct CommandQueue : Object {
    ~CommandQueue();
    std::shared_ptr<Timeline> timeline;
    std::string label;
    std::vector<id> residencySets;
};
id newCommandQueue(NSUInteger maxUncompleted);

struct CommandBuffer : Object {
    ~CommandBuffer();
    CommandQueue *queue = nullptr;
    bool retainsReferences = true;
    std::atomic<CommandBufferStatus> status{CommandBufferStatus::notEnqueued};
    bool isCommitted() const { return status.load() >= CommandBufferStatus::committed; }
    bool isOver() const { return status.load() >= CommandBufferStatus::completed; }

    std::vector<Command> commands;
    std::vector<id> references;                 // retained until it is over
    std::deque<std::vector<unsigned char>> bytes; // of setBytes
    Object *openEncoder = nullptr;
    unsigned encoders = 0;
    std::vector<Block *> handlers;
    std::string label;

    std::mutex mutex;
    std::condition_variable over;
    bool handlersRan = false;
    NSError *error = nullptr;
    double gpuStart = 0, gpuEnd = 0;

    void keep(id object);
};
id newComputeEncoder(CommandBuffer *buffer, bool concurrent);
id newBlitEncoder(CommandBuffer *buffer);

struct Encoder : Object {
    ~Encoder();
    CommandBuffer *commandBuffer = nullptr;
    bool ended = false;
    unsigned number = 0;
    std::string label;
    /// Whether more may be encoded; a violation where not.
    bool open(const char *what);
};
struct ComputeEncoder : Encoder {
    bool concurrent = false;
    Pipeline *pipeline = nullptr;
    std::array<BoundBuffer, kBufferSlots> buffers{};
    std::array<unsigned, kBufferSlots> threadgroupBytes{};
};
struct BlitEncoder : Encoder {};

/// Methods that several classes have.
template <class T>
void setLabel(T *self, SEL, id label) {
    self->label = label == nullptr ? "" : textOf(label, "setLabel:");
}
template <class T>
id getLabel(T *self, SEL) {
    return self->label.empty() ? nullptr : static_cast<id>(autoreleasedString(self->label));
}

} // namespace softmetal
