#include "recording.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "../settings.h"
#include "../validation.h"

namespace softmetal {
namespace {

namespace fs = std::filesystem;

struct Bytes {
    std::vector<unsigned char> data;
    void raw(const void *from, size_t bytes) {
        auto *p = static_cast<const unsigned char *>(from);
        data.insert(data.end(), p, p + bytes);
    }
    void number(uint32_t value) { raw(&value, sizeof value); }
    void large(uint64_t value) { raw(&value, sizeof value); }
    void text(const std::string &value) {
        number(static_cast<uint32_t>(value.size()));
        raw(value.data(), value.size());
    }
};

/// Whether a kind of access touched any byte of a stretch.
bool touched(const Accesses &accesses, size_t address, size_t bytes, bool writesOnly) {
    for (size_t at = address; at < address + bytes; at += 64 - at % 64) {
        auto found = accesses.pages().find(at / Accesses::kPage);
        if (found != accesses.pages().end()) {
            const Accesses::Page &page = *found->second;
            size_t i = at % Accesses::kPage / 64;
            if ((page.bits[Accesses::write][i] | page.bits[Accesses::atomic][i] | (writesOnly ? 0 : page.bits[Accesses::read][i])) != 0) {
                return true;
            }
        }
    }
    return false;
}

void blocks(Bytes *out, const Accesses &accesses, const Buffer &buffer, const unsigned char *contents, bool writesOnly) {
    std::vector<uint32_t> which;
    for (size_t at = 0; at < buffer.length; at += Recording::kBlock) {
        if (touched(accesses, reinterpret_cast<size_t>(buffer.memory) + at, std::min<size_t>(Recording::kBlock, buffer.length - at), writesOnly)) {
            which.push_back(static_cast<uint32_t>(at / Recording::kBlock));
        }
    }
    out->number(static_cast<uint32_t>(which.size()));
    for (uint32_t block : which) {
        size_t at = static_cast<size_t>(block) * Recording::kBlock;
        out->number(block);
        out->raw(contents + at, std::min<size_t>(Recording::kBlock, buffer.length - at));
    }
}

} // namespace

bool Recording::wanted() {
    return !setting("RECORD").empty();
}

Recording::Recording(const DispatchCommand &command, const Dispatch &dispatch) : command_(command), dispatch_(dispatch) {
    const Kernel &kernel = *command.pipeline->kernel;
    for (unsigned i = 0; i < kernel.parameterCount; i++) {
        const Buffer *buffer = command.buffers[kernel.parameters[i].index].buffer;
        if (kernel.parameters[i].kind == kBuffer && buffer != nullptr && before_.count(buffer) == 0) {
            before_[buffer].assign(buffer->memory, buffer->memory + buffer->length);
        }
    }
}

void Recording::write(const Accesses &accesses) const {
    const Pipeline &pipeline = *command_.pipeline;
    const Kernel &kernel = *pipeline.kernel;
    fs::path library = pipeline.module->library;
    std::string name = library.parent_path().filename().string();
    unsigned own = (pipeline.staticThreadgroupBytes + 15) / 16 * 16;
    Bytes out;
    out.number(kMagic);
    out.text(name);
    out.number(static_cast<uint32_t>(&kernel - pipeline.module->module->kernels));
    out.text(pipeline.name);
    out.number(static_cast<uint32_t>(pipeline.module->constants.size()));
    for (const auto &[index, value] : pipeline.module->constants) {
        out.number(index);
        out.raw(value.data(), value.size());
    }
    for (int i = 0; i < 3; i++) {
        out.number(dispatch_.groups[i]);
        out.number(dispatch_.size[i]);
        out.number(dispatch_.threads[i]);
    }
    out.number(dispatch_.threadgroupBytes - std::min(own, dispatch_.threadgroupBytes));
    std::map<const Buffer *, uint32_t> numbers;
    out.number(static_cast<uint32_t>(before_.size()));
    for (const auto &[buffer, before] : before_) {
        numbers[buffer] = static_cast<uint32_t>(numbers.size());
        out.large(buffer->length);
        blocks(&out, accesses, *buffer, before.data(), false);
        blocks(&out, accesses, *buffer, buffer->memory, true);
    }
    out.number(kernel.parameterCount);
    for (unsigned i = 0; i < kernel.parameterCount; i++) {
        const Parameter &parameter = kernel.parameters[i];
        const BoundBuffer &bound = command_.buffers[parameter.index];
        bool isBuffer = parameter.kind == kBuffer;
        out.number(isBuffer ? (bound.buffer != nullptr ? 1 : 2) : parameter.kind == kThreadgroupMemory ? 3 : 0);
        out.number(parameter.index);
        if (isBuffer && bound.buffer != nullptr) {
            out.number(numbers[bound.buffer]);
            out.large(bound.offset);
            out.number(static_cast<uint32_t>(parameter.element));
            out.number(parameter.writable ? 1 : 0);
        } else if (isBuffer) {
            out.number(static_cast<uint32_t>(bound.length));
            out.raw(bound.bytes, bound.length);
        } else if (parameter.kind == kThreadgroupMemory) {
            out.number(dispatch_.arguments.threadgroupOffset[parameter.index] - own);
        }
    }

    static std::mutex one;
    std::lock_guard<std::mutex> lock(one);
    fs::path folder = setting("RECORD");
    std::error_code failed;
    fs::create_directories(folder, failed);
    fs::copy_file(library.parent_path() / "program_source", folder / (name + ".metal"), fs::copy_options::skip_existing, failed);
    std::FILE *file = std::fopen((folder / "dispatches.bin").c_str(), "ab");
    if (failed || file == nullptr || std::fwrite(out.data.data(), 1, out.data.size(), file) != out.data.size()) {
        violation("RECORD: cannot write into %s", folder.c_str());
    }
    if (file != nullptr) {
        std::fclose(file);
    }
}

} // namespace softmetal
