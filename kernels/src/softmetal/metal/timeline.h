// What a command queue does on its own threads: one runs command buffers in their order, one tells who waits for them.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "objects.h"

namespace softmetal {

/// Lives until its last command buffer is over, even if the queue is released before.
class Timeline : public std::enable_shared_from_this<Timeline> {
public:
    explicit Timeline(size_t maxUncompleted) : maxUncompleted_(maxUncompleted) {}
    void start();
    /// Ends the threads once all committed work is done.
    void close();

    /// Counts a new command buffer; blocks while too many are not over. False where it would block for ever.
    bool admit();
    /// A command buffer that was admitted and dropped without being committed, or is over.
    void dismiss(CommandBuffer *buffer);
    void enqueue(CommandBuffer *buffer);
    /// Gives the command buffer a reference for as long as it runs.
    void commit(CommandBuffer *buffer);

private:
    void execute();
    void complete();
    void run(CommandBuffer *buffer);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<CommandBuffer *> order_;     // enqueued or committed
    std::deque<CommandBuffer *> completed_; // whose handlers are to run
    size_t uncompleted_ = 0;
    size_t committed_ = 0;
    const size_t maxUncompleted_;
    bool closing_ = false;
    bool executed_ = false;
};

/// Runs all commands of one command buffer; null, or what went wrong.
NSError *runCommands(CommandBuffer *buffer);

} // namespace softmetal
