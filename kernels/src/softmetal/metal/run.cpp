// Runs the commands of a command buffer, as the GPU would.
#include <chrono>
#include <cstring>
#include <thread>

#include "../executor/executor.h"
#include "../faults.h"
#include "../settings.h"
#include "../validation.h"
#include "hazards.h"
#include "recording.h"
#include "timeline.h"

namespace softmetal {
namespace {

const char *const kDomain = "MTLCommandBufferErrorDomain";

NSError *failure(NSInteger code, const std::string &description) {
    return create<NSError>(kDomain, code, description);
}

/// The words in which macOS reports these errors, which callers may look for.
NSError *planned(long code) {
    switch (code) {
        case kTimeout: return failure(code, "Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)");
        case kPageFault: return failure(code, "Caused GPU Address Fault Error (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)");
        case kAccessRevoked:
            return failure(code, "Ignored (for causing prior/excessive GPU errors) (00000004:kIOGPUCommandBufferCallbackErrorSubmissionsIgnored)");
        case kNotPermitted:
            return failure(code, "Insufficient Permission (to submit GPU work from background) "
                                 "(00000006:kIOGPUCommandBufferCallbackErrorBackgroundExecutionNotPermitted)");
        case kOutOfMemory: return failure(code, "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)");
        case kImpactingInteractivity:
            return failure(code, "Impacting Interactivity (0000000e:kIOGPUCommandBufferCallbackErrorImpactingInteractivity)");
        default: return failure(code, "Internal Error (00000001:kIOGPUCommandBufferCallbackErrorInternal)");
    }
}

NSError *released(const char *what, const std::string &kernel) {
    violation("%s of %s was deallocated before the command buffer that uses it was over", what, kernel.c_str());
    return failure(kInvalidResource, "Invalid Resource (00000009:kIOGPUCommandBufferCallbackErrorInvalidResource)");
}

/// How long a dispatch took too long is in the message; the rest are the words of macOS.
NSError *tooLong(const Outcome &outcome) {
    NSError *error = planned(kTimeout);
    error->description += ": softmetal: a kernel did not end in time " + outcome.message;
    return error;
}

NSError *run(const DispatchCommand &command, Hazards &hazards) {
    if (isZombie(command.pipeline)) {
        return released("a pipeline", "a dispatch");
    }
    const Pipeline &pipeline = *command.pipeline;
    Dispatch dispatch;
    dispatch.kernel = pipeline.kernel;
    dispatch.memcheck = pipeline.module->traced && settingOn("MEMCHECK");
    Accesses accesses;
    bool recorded = Recording::wanted();
    bool checked = settingOn("HAZARDS");
    if ((checked || recorded) && !pipeline.module->traced) {
        violation("%s was compiled before %s was set: what it touches is not known", pipeline.name.c_str(),
                  checked ? "HAZARDS" : "RECORD");
    } else if (checked || recorded) {
        dispatch.accesses = &accesses;
    }
    dispatch.image = pipeline.module->image;
    dispatch.imageEnd = pipeline.module->imageEnd;
    unsigned used = (pipeline.staticThreadgroupBytes + 15) / 16 * 16;
    for (unsigned i = 0; i < kBufferSlots; i++) {
        const BoundBuffer &bound = command.buffers[i];
        if (bound.buffer != nullptr) {
            if (isZombie(bound.buffer)) {
                return released("a buffer", pipeline.name);
            }
            dispatch.arguments.buffer[i] = bound.buffer->memory + bound.offset;
            dispatch.arguments.bytes[i] = bound.buffer->length - bound.offset;
        } else if (bound.bytes != nullptr) {
            dispatch.arguments.buffer[i] = const_cast<unsigned char *>(bound.bytes);
            dispatch.arguments.bytes[i] = bound.length;
        }
        dispatch.arguments.threadgroupOffset[i] = used;
        used += command.threadgroupBytes[i];
    }
    if (dispatch.memcheck || dispatch.accesses != nullptr) {
        for (unsigned i = 0; i < pipeline.kernel->parameterCount; i++) {
            const Parameter &parameter = pipeline.kernel->parameters[i];
            if (parameter.kind == kBuffer) {
                const BoundBuffer &bound = command.buffers[parameter.index];
                auto *begin = static_cast<const unsigned char *>(dispatch.arguments.buffer[parameter.index]);
                dispatch.bindings.push_back({parameter.index, begin, begin + dispatch.arguments.bytes[parameter.index],
                                             std::string("'") + parameter.name + "'" +
                                                 (bound.buffer != nullptr && !bound.buffer->label.empty()
                                                      ? " (" + bound.buffer->label + ")"
                                                      : "")});
            }
        }
    }
    const NSUInteger *groups = &command.groups.width, *threads = &command.threads.width, *size = &command.size.width;
    for (int i = 0; i < 3; i++) {
        dispatch.groups[i] = static_cast<unsigned>(groups[i]);
        dispatch.threads[i] = static_cast<unsigned>(threads[i]);
        dispatch.size[i] = static_cast<unsigned>(size[i]);
    }
    dispatch.threadgroupBytes = std::min(used, kThreadgroupBytes + 0u);
    std::unique_ptr<Recording> recording;
    if (recorded && dispatch.accesses != nullptr) {
        recording = std::make_unique<Recording>(command, dispatch);
    }
    Outcome outcome = execute(dispatch);
    if (outcome.kind == Outcome::Kind::completed) {
        if (recording != nullptr) {
            recording->write(accesses);
        }
        if (checked && dispatch.accesses != nullptr) {
            hazards.check(command, std::move(accesses));
        }
        return nullptr;
    }
    kernelFault(outcome.kind == Outcome::Kind::endless ? "endless " + outcome.message : outcome.message);
    if (outcome.kind == Outcome::Kind::endless) {
        return tooLong(outcome);
    }
    return failure(outcome.kind == Outcome::Kind::pageFault ? kPageFault : kInternal, "softmetal: " + outcome.message);
}

NSError *run(const BarrierCommand &, Hazards &hazards) {
    hazards.barrier(); // dispatches run one after another anyhow
    return nullptr;
}
NSError *run(const FenceCommand &, Hazards &) {
    return nullptr;
}
NSError *run(const FillCommand &command, Hazards &) {
    if (isZombie(command.buffer)) {
        return released("a buffer", "a blit");
    }
    std::memset(command.buffer->memory + command.offset, command.value, command.length);
    return nullptr;
}
NSError *run(const CopyCommand &command, Hazards &) {
    if (isZombie(command.from) || isZombie(command.to)) {
        return released("a buffer", "a blit");
    }
    std::memcpy(command.to->memory + command.toOffset, command.from->memory + command.fromOffset, command.length);
    return nullptr;
}
NSError *run(const SignalCommand &command, Hazards &) {
    command.event->signal(command.value);
    return nullptr;
}
NSError *run(const WaitCommand &command, Hazards &) {
    // As long as it takes: a queue that waits for what never comes hangs on a Mac, too, until its watchdog ends it.
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    bool reached = command.event->wait(command.value, [end] { return std::chrono::steady_clock::now() >= end; });
    return reached ? nullptr : planned(kTimeout);
}

} // namespace

NSError *runCommands(CommandBuffer *buffer) {
    Faults::Fate fate = Faults::nextCommandBuffer();
    if (fate.never) {
        Faults::stall();
    }
    if (fate.slowMillis > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(fate.slowMillis));
    }
    // One that fails has done a part of its work. Its events are not signalled: Metal does not do that either.
    size_t count = fate.error != 0 ? buffer->commands.size() / 2 : buffer->commands.size();
    Hazards hazards;
    for (size_t i = 0; i < count; i++) {
        if (fate.error != 0 && std::holds_alternative<SignalCommand>(buffer->commands[i])) {
            continue;
        }
        NSError *error = std::visit([&](const auto &command) { return run(command, hazards); }, buffer->commands[i]);
        if (error != nullptr) {
            return error;
        }
    }
    return fate.error != 0 ? planned(fate.error) : nullptr;
}

} // namespace softmetal
