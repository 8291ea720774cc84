// What tests ask: how many objects live, how many rules were broken.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "faults.h"
#include "objc/runtime.h"
#include "settings.h"
#include "validation.h"

namespace {

long living() {
    return softmetal::liveObjects(nullptr) - softmetal::liveObjects("MTLDevice");
}

void tell() {
    using namespace softmetal;
    if (setting("VALIDATION") == "count") {
        return;
    }
    // A queue's own thread may still hold a command buffer whose end it has told.
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (living() > 0 && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::fprintf(stderr, "softmetal: at exit: %ld objects left over, %ld rules broken, %ld kernel faults\n%s", living(), violations(),
                 kernelFaults(), living() > 0 ? liveReport().c_str() : "");
}

} // namespace

void softmetal::tellAtExit() {
    static int once = std::atexit(tell);
    (void)once;
}

/// "violations", "kernelFaults", "faults" (that the fault plan has brought about; "faults.allocation" and
/// "faults.commandBuffer" by what they befell), "live" (objects of Metal but the device) or "live.<class>"; -1 for other names.
SOFTMETAL_API long softmetal_counter(const char *name) {
    using namespace softmetal;
    if (std::strcmp(name, "violations") == 0) {
        return violations();
    }
    if (std::strcmp(name, "kernelFaults") == 0) {
        return kernelFaults();
    }
    if (std::strncmp(name, "faults", 6) == 0) {
        Faults::Happened happened = Faults::happened();
        std::string of = name + 6;
        return of.empty()                ? happened.allocations + happened.commandBuffers
               : of == ".allocation"    ? happened.allocations
               : of == ".commandBuffer" ? happened.commandBuffers
                                        : -1;
    }
    if (std::strcmp(name, "live") == 0) {
        return living();
    }
    if (std::strncmp(name, "live.", 5) == 0) {
        return liveObjects(name + 5);
    }
    return -1;
}

/// Lines "<class> <living objects>" for every class that has some; the length of the whole text.
SOFTMETAL_API long softmetal_live_report(char *text, long bytes) {
    std::string report = softmetal::liveReport();
    if (bytes > 0) {
        std::snprintf(text, static_cast<size_t>(bytes), "%s", report.c_str());
    }
    return static_cast<long>(report.size());
}

/// Counters to zero, no fault plan, settings as in the environment. Living objects stay.
SOFTMETAL_API void softmetal_reset() {
    softmetal::resetSettings();
    softmetal::resetValidation();
    softmetal::Faults::plan(softmetal::setting("FAULTS"));
}
