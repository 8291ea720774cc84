#include <chrono>
#include <thread>

#include "../faults.h"
#include "../validation.h"
#include "timeline.h"

SOFTMETAL_API void *objc_autoreleasePoolPush();
SOFTMETAL_API void objc_autoreleasePoolPop(void *pool);

namespace softmetal {
namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

id commandBuffer(CommandQueue *self, bool retainsReferences) {
    if (!self->timeline->admit()) {
        violation("commandBuffer: as many command buffers as the queue allows exist, none of them committed: this call would "
                  "block for ever");
        return nullptr;
    }
    auto *buffer = create<CommandBuffer>();
    buffer->queue = retained(self);
    buffer->retainsReferences = retainsReferences;
    return autoreleased(buffer);
}
id commandBufferRetaining(CommandQueue *self, SEL) {
    return commandBuffer(self, true);
}
id commandBufferUnretaining(CommandQueue *self, SEL) {
    return commandBuffer(self, false);
}
void addResidencySet(CommandQueue *self, SEL, id set) {
    if (expect<ResidencySet>(set, "addResidencySet:")) {
        self->residencySets.push_back(retain(set));
    }
}
void removeResidencySet(CommandQueue *self, SEL, id set) {
    for (size_t i = 0; i < self->residencySets.size(); i++) {
        if (self->residencySets[i] == set) {
            release(set);
            self->residencySets.erase(self->residencySets.begin() + static_cast<long>(i));
            return;
        }
    }
}

void *const registered = defineAs<CommandQueue>(
    "MTLCommandQueue", {method("commandBuffer", commandBufferRetaining),
                        method("commandBufferWithUnretainedReferences", commandBufferUnretaining),
                        method("addResidencySet:", addResidencySet), method("removeResidencySet:", removeResidencySet),
                        method("setLabel:", setLabel<CommandQueue>), method("label", getLabel<CommandQueue>)});

} // namespace

id newCommandQueue(NSUInteger maxUncompleted) {
    auto *queue = create<CommandQueue>();
    queue->timeline = std::make_shared<Timeline>(maxUncompleted);
    queue->timeline->start();
    return queue;
}

CommandQueue::~CommandQueue() {
    timeline->close();
    for (id set : residencySets) {
        release(set);
    }
}

void Timeline::start() {
    std::thread([self = shared_from_this()] { self->execute(); }).detach();
    std::thread([self = shared_from_this()] { self->complete(); }).detach();
}

void Timeline::close() {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    changed_.notify_all();
}

bool Timeline::admit() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (uncompleted_ >= maxUncompleted_ && committed_ == 0) {
        return false;
    }
    changed_.wait(lock, [this] { return uncompleted_ < maxUncompleted_; });
    uncompleted_++;
    return true;
}

void Timeline::dismiss(CommandBuffer *buffer) {
    std::lock_guard<std::mutex> lock(mutex_);
    uncompleted_--;
    for (size_t i = 0; i < order_.size(); i++) {
        if (order_[i] == buffer) {
            order_.erase(order_.begin() + static_cast<long>(i));
            break;
        }
    }
    changed_.notify_all();
}

void Timeline::enqueue(CommandBuffer *buffer) {
    std::lock_guard<std::mutex> lock(mutex_);
    order_.push_back(buffer);
}

void Timeline::commit(CommandBuffer *buffer) {
    retain(buffer);
    std::lock_guard<std::mutex> lock(mutex_);
    if (buffer->status.exchange(CommandBufferStatus::committed) != CommandBufferStatus::enqueued) {
        order_.push_back(buffer);
    }
    committed_++;
    changed_.notify_all();
}

void Timeline::execute() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return order_.empty() ? closing_ : order_.front()->isCommitted(); });
        if (order_.empty()) {
            executed_ = true;
            changed_.notify_all();
            return;
        }
        CommandBuffer *buffer = order_.front();
        lock.unlock();
        run(buffer);
        lock.lock();
        order_.pop_front();
        completed_.push_back(buffer);
        changed_.notify_all();
    }
}

void Timeline::run(CommandBuffer *buffer) {
    buffer->status = CommandBufferStatus::scheduled;
    buffer->gpuStart = now();
    buffer->error = runCommands(buffer);
    buffer->gpuEnd = now();
}

/// Handlers run on a thread of their own, as on a Mac: a slow one does not hold up the work that follows.
void Timeline::complete() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return !completed_.empty() || executed_; });
        if (completed_.empty()) {
            return;
        }
        CommandBuffer *buffer = completed_.front();
        completed_.pop_front();
        uncompleted_--;
        committed_--;
        changed_.notify_all();
        lock.unlock();

        void *pool = objc_autoreleasePoolPush();
        {
            std::lock_guard<std::mutex> guard(buffer->mutex);
            buffer->status = buffer->error == nullptr ? CommandBufferStatus::completed : CommandBufferStatus::error;
        }
        for (Block *block : buffer->handlers) {
            block->invoke(block, buffer);
            releaseBlock(block);
        }
        buffer->handlers.clear();
        for (id reference : buffer->references) {
            release(reference);
        }
        buffer->references.clear();
        buffer->commands.clear();
        buffer->bytes.clear();
        {
            std::lock_guard<std::mutex> guard(buffer->mutex);
            buffer->handlersRan = true;
            buffer->over.notify_all();
        }
        objc_autoreleasePoolPop(pool);
        release(buffer);
        lock.lock();
    }
}

} // namespace softmetal
