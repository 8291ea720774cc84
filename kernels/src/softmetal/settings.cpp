#include "settings.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "objc/runtime.h"
#include "validation.h"

namespace softmetal {
namespace {

const char *const kNames[] = {
    "VALIDATION", // abort (default) or count: what follows a broken rule of the API
    "VERBOSE",    // 1: says what is compiled and how long it took
    "WORKERS",    // threads that execute threadgroups
    "SCHED",      // forward (default), reverse, random or random:<seed>: order of lanes and simdgroups
    "MEMCHECK",   // 1: checks every access of kernels compiled while it is set
    "HAZARDS",    // 1: checks dispatches with no barrier between them
    "WATCHDOG",   // milliseconds that one dispatch may take; 0: for ever
    "RECORD",     // a folder: every dispatch is recorded there
    "CACHE",      // folder of compiled libraries
    "CLANG",      // the compiler
    "FLAGS",      // more flags for it
    "FAULTS",     // a fault plan, as in softmetal_fault
    "DEVICE",     // apple (default) or paravirtual: a device profile; the following override it
    "NAME", "FAMILY", "WORKING_SET", "MAX_BUFFER", "MAX_THREADS", "RESIDENCY_SETS",
};

struct Store {
    std::mutex mutex;
    std::map<std::string, std::string> values;
};

void load(Store &store) {
    store.values.clear();
    for (const char *name : kNames) {
        const char *value = std::getenv((std::string("SOFTMETAL_") + name).c_str());
        if (value != nullptr) {
            store.values[name] = value;
        }
    }
}

Store &store() {
    static Store *instance = [] {
        auto *s = new Store();
        load(*s);
        return s;
    }();
    return *instance;
}

bool known(const char *name) {
    for (const char *candidate : kNames) {
        if (std::strcmp(candidate, name) == 0) {
            return true;
        }
    }
    return false;
}

} // namespace

std::string setting(const char *name) {
    Store &s = store();
    std::lock_guard<std::mutex> lock(s.mutex);
    auto found = s.values.find(name);
    return found == s.values.end() ? std::string() : found->second;
}

long settingNumber(const char *name, long otherwise) {
    std::string value = setting(name);
    if (value.empty()) {
        return otherwise;
    }
    char *end = nullptr;
    long number = std::strtol(value.c_str(), &end, 10);
    switch (*end) {
        case 'G': number <<= 10; [[fallthrough]];
        case 'M': number <<= 10; [[fallthrough]];
        case 'K': number <<= 10; break;
        default: break;
    }
    return number;
}

bool settingOn(const char *name) {
    std::string value = setting(name);
    return !value.empty() && value != "0" && value != "false";
}

void resetSettings() {
    Store &s = store();
    std::lock_guard<std::mutex> lock(s.mutex);
    load(s);
}

} // namespace softmetal

/// Changes a setting (the name without SOFTMETAL_); a null value unsets it. False where there is no such setting.
SOFTMETAL_API bool softmetal_set(const char *name, const char *value) {
    using namespace softmetal;
    if (!known(name)) {
        return false;
    }
    Store &s = store();
    std::lock_guard<std::mutex> lock(s.mutex);
    if (value == nullptr) {
        s.values.erase(name);
    } else {
        s.values[name] = value;
    }
    return true;
}
