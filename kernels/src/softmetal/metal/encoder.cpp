#include <algorithm>
#include <cstring>

#include "../validation.h"
#include "objects.h"

namespace softmetal {

Encoder::~Encoder() {
    if (!ended) {
        violation("a command encoder is released without endEncoding");
        commandBuffer->openEncoder = nullptr;
    }
    softmetal::release(commandBuffer);
}

bool Encoder::open(const char *what) {
    if (ended) {
        violation("%s: after endEncoding", what);
    }
    return !ended;
}

namespace {

template <class E>
E *begin(CommandBuffer *buffer) {
    auto *encoder = create<E>();
    encoder->commandBuffer = retained(buffer);
    encoder->number = buffer->encoders++;
    buffer->openEncoder = encoder;
    autorelease(encoder);
    return encoder;
}

void end(Encoder *self, SEL) {
    if (self->open("endEncoding")) {
        self->ended = true;
        self->commandBuffer->openEncoder = nullptr;
    }
}

// Compute

bool slot(const char *what, NSUInteger index) {
    if (index >= kBufferSlots) {
        violation("%s: index %lu, there are %u", what, index, kBufferSlots + 0u);
    }
    return index < kBufferSlots;
}

void setPipeline(ComputeEncoder *self, SEL, id pipeline) {
    if (self->open("setComputePipelineState:") && expect<Pipeline>(pipeline, "setComputePipelineState:")) {
        self->pipeline = static_cast<Pipeline *>(pipeline);
        self->commandBuffer->keep(pipeline);
    }
}

void setBuffer(ComputeEncoder *self, SEL, id object, NSUInteger offset, NSUInteger index) {
    const char *what = "setBuffer:offset:atIndex:";
    if (!self->open(what) || !slot(what, index)) {
        return;
    }
    BoundBuffer bound;
    if (object != nullptr) {
        if (!expect<Buffer>(object, what)) {
            return;
        }
        bound.buffer = static_cast<Buffer *>(object);
        bound.offset = offset;
        if (offset >= bound.buffer->length) {
            violation("%s: offset %lu, the buffer's length is %zu", what, offset, bound.buffer->length);
            return;
        }
        self->commandBuffer->keep(object);
    }
    self->buffers[index] = bound;
}

void setBufferOffset(ComputeEncoder *self, SEL, NSUInteger offset, NSUInteger index) {
    const char *what = "setBufferOffset:atIndex:";
    if (!self->open(what) || !slot(what, index)) {
        return;
    }
    BoundBuffer &bound = self->buffers[index];
    if (bound.buffer == nullptr || offset >= bound.buffer->length) {
        violation("%s: no buffer is bound at index %lu, or offset %lu is beyond it", what, index, offset);
        return;
    }
    bound.offset = offset;
}

void setBytes(ComputeEncoder *self, SEL, const void *bytes, NSUInteger length, NSUInteger index) {
    const char *what = "setBytes:length:atIndex:";
    constexpr NSUInteger kMost = 4096;
    if (!self->open(what) || !slot(what, index)) {
        return;
    }
    if (bytes == nullptr || length == 0 || length > kMost) {
        violation("%s: length %lu, expected 1 to %lu bytes", what, length, kMost);
        return;
    }
    auto *p = static_cast<const unsigned char *>(bytes);
    self->commandBuffer->bytes.emplace_back(p, p + length);
    BoundBuffer bound;
    bound.bytes = self->commandBuffer->bytes.back().data();
    bound.length = length;
    self->buffers[index] = bound;
}

void setThreadgroupMemoryLength(ComputeEncoder *self, SEL, NSUInteger length, NSUInteger index) {
    const char *what = "setThreadgroupMemoryLength:atIndex:";
    if (!self->open(what) || !slot(what, index)) {
        return;
    }
    if (length % 16 != 0 || length > kThreadgroupBytes) {
        violation("%s: length %lu, expected a multiple of 16 up to %u", what, length, kThreadgroupBytes + 0u);
        return;
    }
    self->threadgroupBytes[index] = static_cast<unsigned>(length);
}

/// Every parameter of the kernel has what it needs.
bool bindingsFit(const ComputeEncoder *self) {
    const Pipeline &pipeline = *self->pipeline;
    for (unsigned i = 0; i < pipeline.kernel->parameterCount; i++) {
        const Parameter &parameter = pipeline.kernel->parameters[i];
        if (parameter.kind == kBuffer) {
            const BoundBuffer &bound = self->buffers[parameter.index];
            if (!bound.bound()) {
                violation("%s: missing buffer binding at index %u for '%s'", pipeline.name.c_str(), parameter.index, parameter.name);
                return false;
            }
            size_t bytes = bound.buffer == nullptr ? bound.length : bound.buffer->length - bound.offset;
            if (bytes < parameter.bytes) {
                violation("%s: the buffer at index %u has %zu bytes from its offset on, '%s' needs %lu", pipeline.name.c_str(),
                          parameter.index, bytes, parameter.name, parameter.bytes);
                return false;
            }
            if (bound.buffer == nullptr && parameter.writable) {
                violation("%s: setBytes at index %u for '%s', which the kernel may write", pipeline.name.c_str(),
                          parameter.index, parameter.name);
                return false;
            }
        } else if (parameter.kind == kThreadgroupMemory && self->threadgroupBytes[parameter.index] == 0) {
            violation("%s: no threadgroup memory length is set at index %u for '%s'", pipeline.name.c_str(), parameter.index,
                      parameter.name);
            return false;
        }
    }
    return true;
}

bool sizesFit(const ComputeEncoder *self, const char *what, MTLSize grid, MTLSize size) {
    constexpr NSUInteger kMostGroups = 0xffffffffu;
    if (size.volume() == 0 || size.width > kThreadsLimit || size.height > kThreadsLimit || size.depth > kThreadsLimit ||
        size.volume() > self->pipeline->maxThreads) {
        violation("%s: %s: %lu x %lu x %lu threads per threadgroup, maxTotalThreadsPerThreadgroup is %u", what,
                  self->pipeline->name.c_str(), size.width, size.height, size.depth, self->pipeline->maxThreads);
        return false;
    }
    if (grid.width == 0 || grid.height == 0 || grid.depth == 0 || grid.width > kMostGroups || grid.height > kMostGroups ||
        grid.depth > kMostGroups) {
        violation("%s: %s: the grid is %lu x %lu x %lu", what, self->pipeline->name.c_str(), grid.width, grid.height, grid.depth);
        return false;
    }
    unsigned bytes = self->pipeline->staticThreadgroupBytes;
    for (unsigned dynamic : self->threadgroupBytes) {
        bytes += dynamic;
    }
    if (bytes > kThreadgroupBytes) {
        violation("%s: %s: %u bytes of threadgroup memory, at most %u", what, self->pipeline->name.c_str(), bytes,
                  kThreadgroupBytes + 0u);
        return false;
    }
    return true;
}

void dispatch(ComputeEncoder *self, const char *what, MTLSize grid, MTLSize size, bool inThreads) {
    if (!self->open(what)) {
        return;
    }
    if (self->pipeline == nullptr) {
        violation("%s: no compute pipeline state is set", what);
        return;
    }
    if (!sizesFit(self, what, grid, size) || !bindingsFit(self)) {
        return;
    }
    auto rounded = [](NSUInteger threads, NSUInteger of) { return (threads + of - 1) / of; };
    DispatchCommand command{};
    command.pipeline = self->pipeline;
    command.buffers = self->buffers;
    command.threadgroupBytes = self->threadgroupBytes;
    command.size = size;
    command.groups = inThreads ? MTLSize{rounded(grid.width, size.width), rounded(grid.height, size.height),
                                         rounded(grid.depth, size.depth)}
                               : grid;
    command.threads =
        inThreads ? grid : MTLSize{grid.width * size.width, grid.height * size.height, grid.depth * size.depth};
    command.encoder = self->number;
    command.concurrent = self->concurrent;
    self->commandBuffer->commands.push_back(command);
}

void dispatchThreadgroups(ComputeEncoder *self, SEL, MTLSize groups, MTLSize size) {
    dispatch(self, "dispatchThreadgroups:threadsPerThreadgroup:", groups, size, false);
}
void dispatchThreads(ComputeEncoder *self, SEL, MTLSize threads, MTLSize size) {
    dispatch(self, "dispatchThreads:threadsPerThreadgroup:", threads, size, true);
}

void memoryBarrier(ComputeEncoder *self, SEL, NSUInteger scope) {
    constexpr NSUInteger kBuffers = 1, kAll = 7;
    if (!self->open("memoryBarrierWithScope:")) {
        return;
    }
    if (scope == 0 || scope > kAll || (scope & kBuffers) == 0) {
        violation("memoryBarrierWithScope: %lu does not include buffers (1)", scope);
        return;
    }
    self->commandBuffer->commands.push_back(BarrierCommand{});
}

void fence(ComputeEncoder *self, id fence, bool update, const char *what) {
    if (self->open(what) && expect<Fence>(fence, what)) {
        self->commandBuffer->keep(fence);
        self->commandBuffer->commands.push_back(FenceCommand{static_cast<Fence *>(fence), update, self->number});
    }
}
void updateFence(ComputeEncoder *self, SEL, id object) {
    fence(self, object, true, "updateFence:");
}
void waitForFence(ComputeEncoder *self, SEL, id object) {
    fence(self, object, false, "waitForFence:");
}

// Blit

bool range(const char *what, id object, NSUInteger offset, NSUInteger length) {
    if (!expect<Buffer>(object, what)) {
        return false;
    }
    auto *buffer = static_cast<Buffer *>(object);
    if (length == 0 || offset > buffer->length || length > buffer->length - offset) {
        violation("%s: offset %lu and length %lu in a buffer of %zu bytes", what, offset, length, buffer->length);
        return false;
    }
    return true;
}

void copyFromBuffer(BlitEncoder *self, SEL, id from, NSUInteger fromOffset, id to, NSUInteger toOffset, NSUInteger length) {
    const char *what = "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:";
    if (!self->open(what) || !range(what, from, fromOffset, length) || !range(what, to, toOffset, length)) {
        return;
    }
    if (from == to && fromOffset < toOffset + length && toOffset < fromOffset + length) {
        violation("%s: source and destination overlap", what);
        return;
    }
    if ((fromOffset | toOffset | length) % 4 != 0) {
        violation("%s: offsets %lu and %lu and the size %lu are multiples of 4 on macOS", what, fromOffset, toOffset, length);
        return;
    }
    self->commandBuffer->keep(from);
    self->commandBuffer->keep(to);
    self->commandBuffer->commands.push_back(
        CopyCommand{static_cast<Buffer *>(from), fromOffset, static_cast<Buffer *>(to), toOffset, length});
}

struct NSRange {
    NSUInteger location, length;
};
void fillBuffer(BlitEncoder *self, SEL, id buffer, NSRange where, unsigned char value) {
    const char *what = "fillBuffer:range:value:";
    if (!self->open(what) || !range(what, buffer, where.location, where.length)) {
        return;
    }
    if ((where.location | where.length) % 4 != 0) {
        violation("%s: location %lu and length %lu are multiples of 4 on macOS", what, where.location, where.length);
        return;
    }
    self->commandBuffer->keep(buffer);
    self->commandBuffer->commands.push_back(FillCommand{static_cast<Buffer *>(buffer), where.location, where.length, value});
}

void *const registered[] = {
    defineAs<ComputeEncoder>(
        "MTLComputeCommandEncoder",
        {method("setComputePipelineState:", setPipeline), method("setBuffer:offset:atIndex:", setBuffer),
         method("setBufferOffset:atIndex:", setBufferOffset), method("setBytes:length:atIndex:", setBytes),
         method("setThreadgroupMemoryLength:atIndex:", setThreadgroupMemoryLength),
         method("dispatchThreadgroups:threadsPerThreadgroup:", dispatchThreadgroups),
         method("dispatchThreads:threadsPerThreadgroup:", dispatchThreads), method("memoryBarrierWithScope:", memoryBarrier),
         method("updateFence:", updateFence), method("waitForFence:", waitForFence), method("endEncoding", end),
         method("setLabel:", setLabel<ComputeEncoder>), method("label", getLabel<ComputeEncoder>)}),
    defineAs<BlitEncoder>("MTLBlitCommandEncoder",
                          {method("copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:", copyFromBuffer),
                           method("fillBuffer:range:value:", fillBuffer), method("endEncoding", end),
                           method("setLabel:", setLabel<BlitEncoder>), method("label", getLabel<BlitEncoder>)}),
};

} // namespace

id newComputeEncoder(CommandBuffer *buffer, bool concurrent) {
    auto *encoder = begin<ComputeEncoder>(buffer);
    encoder->concurrent = concurrent;
    return encoder;
}

id newBlitEncoder(CommandBuffer *buffer) {
    return begin<BlitEncoder>(buffer);
}

} // namespace softmetal
