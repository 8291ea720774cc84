#include "hazards.h"

#include "../validation.h"

namespace softmetal {
namespace {

/// How a kernel knows an address: its buffer's index, name and label, and the offset in the buffer.
std::string named(const DispatchCommand &command, size_t address, bool changed) {
    const Kernel &kernel = *command.pipeline->kernel;
    std::string text;
    for (unsigned i = 0; i < kernel.parameterCount; i++) {
        const Parameter &parameter = kernel.parameters[i];
        const BoundBuffer &bound = command.buffers[parameter.index];
        if (parameter.kind != kBuffer || bound.buffer == nullptr || (changed && !parameter.writable)) {
            continue;
        }
        auto begin = reinterpret_cast<size_t>(bound.buffer->memory);
        if (address >= begin + bound.offset && address < begin + bound.buffer->length) {
            text = "buffer(" + std::to_string(parameter.index) + ") '" + parameter.name + "'";
            if (!bound.buffer->label.empty()) {
                text += " (" + bound.buffer->label + ")";
            }
            break;
        }
    }
    return text;
}

size_t offsetInBuffer(const DispatchCommand &command, size_t address) {
    for (const BoundBuffer &bound : command.buffers) {
        if (bound.buffer != nullptr) {
            size_t offset = address - reinterpret_cast<size_t>(bound.buffer->memory);
            if (offset < bound.buffer->length) {
                return offset;
            }
        }
    }
    return 0;
}

const char *verb(Accesses::Kind kind) {
    return kind == Accesses::read ? "reads" : kind == Accesses::write ? "writes" : "changes atomically";
}

} // namespace

void Hazards::check(const DispatchCommand &command, Accesses &&accesses) {
    if (!unordered_.empty() && unordered_.back().command->encoder != command.encoder) {
        barrier(); // Metal itself orders encoders that share a tracked buffer
    }
    for (const Run &before : unordered_) {
        Accesses::Conflict conflict = Accesses::between(before.accesses, accesses);
        if (conflict.bytes > 0) {
            size_t offset = offsetInBuffer(command, conflict.address);
            violation("hazard: %s %s bytes %zu to %zu of %s, which %s %s as %s, with no barrier between the two dispatches",
                      command.pipeline->name.c_str(), verb(conflict.after), offset, offset + conflict.bytes - 1,
                      named(command, conflict.address, conflict.after != Accesses::read).c_str(),
                      before.command->pipeline->name.c_str(), verb(conflict.before),
                      named(*before.command, conflict.address, conflict.before != Accesses::read).c_str());
            break;
        }
    }
    if (command.concurrent) {
        unordered_.push_back({&command, std::move(accesses)});
    }
}

} // namespace softmetal
