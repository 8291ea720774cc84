#include "validation.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "objc/runtime.h"
#include "settings.h"

namespace softmetal {
namespace {

std::atomic<long> violationCount{0};
std::atomic<long> faultCount{0};
std::mutex lastMutex;
std::string last;

void remember(const std::string &message) {
    std::lock_guard<std::mutex> lock(lastMutex);
    last = message;
}

} // namespace

void violation(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    violationCount++;
    remember(text);
    std::fprintf(stderr, "softmetal: violation: %s\n", text);
    if (setting("VALIDATION") != "count") {
        std::abort();
    }
}

void kernelFault(const std::string &message) {
    faultCount++;
    remember(message);
    std::fprintf(stderr, "softmetal: kernel fault: %s\n", message.c_str());
}

long violations() {
    return violationCount;
}

long kernelFaults() {
    return faultCount;
}

void resetValidation() {
    violationCount = 0;
    faultCount = 0;
    remember("");
}

} // namespace softmetal

/// The message of the last violation or kernel fault, copied into `text`; its length.
SOFTMETAL_API long softmetal_last_message(char *text, long bytes) {
    using namespace softmetal;
    std::lock_guard<std::mutex> lock(lastMutex);
    if (bytes > 0) {
        std::snprintf(text, static_cast<size_t>(bytes), "%s", last.c_str());
    }
    return static_cast<long>(last.size());
}
