#include "../validation.h"
#include "timeline.h"

namespace softmetal {

CommandBuffer::~CommandBuffer() {
    if (openEncoder != nullptr) {
        violation("a command buffer is released while a command encoder is open");
    }
    if (!isCommitted()) {
        queue->timeline->dismiss(this);
    }
    for (id reference : references) {
        softmetal::release(reference);
    }
    for (Block *block : handlers) {
        releaseBlock(block);
    }
    softmetal::release(error);
    softmetal::release(queue);
}

void CommandBuffer::keep(id object) {
    if (object != nullptr && retainsReferences) {
        references.push_back(retain(object));
    }
}

namespace {

bool encodable(CommandBuffer *self, const char *what) {
    if (self->isCommitted()) {
        violation("%s: the command buffer is already committed", what);
        return false;
    }
    if (self->openEncoder != nullptr) {
        violation("%s: a command encoder is already encoding to this command buffer", what);
        return false;
    }
    return true;
}

id computeEncoder(CommandBuffer *self, SEL) {
    return encodable(self, "computeCommandEncoder") ? newComputeEncoder(self, false) : nullptr;
}
id computeEncoderWithType(CommandBuffer *self, SEL, NSUInteger type) {
    if (type > 1) {
        violation("computeCommandEncoderWithDispatchType: %lu is neither serial (0) nor concurrent (1)", type);
        return nullptr;
    }
    return encodable(self, "computeCommandEncoderWithDispatchType:") ? newComputeEncoder(self, type == 1) : nullptr;
}
id blitEncoder(CommandBuffer *self, SEL) {
    return encodable(self, "blitCommandEncoder") ? newBlitEncoder(self) : nullptr;
}

void enqueue(CommandBuffer *self, SEL) {
    if (self->status.load() != CommandBufferStatus::notEnqueued) {
        violation("enqueue: the command buffer is already enqueued or committed");
        return;
    }
    self->status = CommandBufferStatus::enqueued;
    self->queue->timeline->enqueue(self);
}

void commit(CommandBuffer *self, SEL) {
    if (self->isCommitted()) {
        violation("commit: the command buffer is already committed");
        return;
    }
    if (self->openEncoder != nullptr) {
        violation("commit: a command encoder is still open");
        return;
    }
    self->queue->timeline->commit(self);
}

void addCompletedHandler(CommandBuffer *self, SEL, Block *block) {
    if (self->isCommitted()) {
        violation("addCompletedHandler: the command buffer is already committed");
        return;
    }
    Block *copy = copyBlock(block, "addCompletedHandler:");
    if (copy != nullptr) {
        self->handlers.push_back(copy);
    }
}

void waitUntilCompleted(CommandBuffer *self, SEL) {
    if (!self->isCommitted()) {
        violation("waitUntilCompleted: the command buffer is not committed");
        return;
    }
    std::unique_lock<std::mutex> lock(self->mutex);
    self->over.wait(lock, [self] { return self->handlersRan; });
}

NSUInteger status(CommandBuffer *self, SEL) {
    return static_cast<NSUInteger>(self->status.load());
}
id error(CommandBuffer *self, SEL) {
    return self->isOver() && self->error != nullptr ? autoreleased(retained(self->error)) : nullptr;
}
double gpuStart(CommandBuffer *self, SEL) {
    return self->isOver() ? self->gpuStart : 0;
}
double gpuEnd(CommandBuffer *self, SEL) {
    return self->isOver() ? self->gpuEnd : 0;
}

void encodeSignal(CommandBuffer *self, SEL, id event, NSUInteger value) {
    if (encodable(self, "encodeSignalEvent:value:") && expect<Event>(event, "encodeSignalEvent:value:")) {
        self->keep(event);
        self->commands.push_back(SignalCommand{static_cast<Event *>(event), value});
    }
}
void encodeWait(CommandBuffer *self, SEL, id event, NSUInteger value) {
    if (encodable(self, "encodeWaitForEvent:value:") && expect<Event>(event, "encodeWaitForEvent:value:")) {
        self->keep(event);
        self->commands.push_back(WaitCommand{static_cast<Event *>(event), value});
    }
}
bool retainedReferences(CommandBuffer *self, SEL) {
    return self->retainsReferences;
}

void *const registered = defineAs<CommandBuffer>(
    "MTLCommandBuffer",
    {method("computeCommandEncoder", computeEncoder), method("computeCommandEncoderWithDispatchType:", computeEncoderWithType),
     method("blitCommandEncoder", blitEncoder), method("enqueue", enqueue), method("commit", commit),
     method("addCompletedHandler:", addCompletedHandler), method("waitUntilCompleted", waitUntilCompleted),
     method("status", status), method("error", error), method("GPUStartTime", gpuStart), method("GPUEndTime", gpuEnd),
     method("encodeSignalEvent:value:", encodeSignal), method("encodeWaitForEvent:value:", encodeWait),
     method("retainedReferences", retainedReferences), method("setLabel:", setLabel<CommandBuffer>),
     method("label", getLabel<CommandBuffer>)});

} // namespace
} // namespace softmetal
