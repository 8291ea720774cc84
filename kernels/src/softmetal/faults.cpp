#include "faults.h"

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "objc/runtime.h"
#include "settings.h"

namespace softmetal {
namespace {

struct Rule {
    bool allocation;
    long nth;
    bool onwards;
    Faults::Fate fate;
    bool applies(long count) const { return onwards ? count >= nth : count == nth; }
};

struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Rule> rules;
    long allocations = 0;
    long commandBuffers = 0;
    long plans = 0;
    long failedAllocations = 0;
    long failedCommandBuffers = 0; // and those that were slow or stood still
};

bool parseFate(const std::string &what, Faults::Fate *fate) {
    static const std::map<std::string, long> errors = {
        {"internal", 1},     {"timeout", 2},     {"pageFault", 3},      {"accessRevoked", 4},
        {"notPermitted", 7}, {"outOfMemory", 8}, {"interactivity", 14},
    };
    auto error = errors.find(what);
    if (error != errors.end()) {
        fate->error = error->second;
        return true;
    }
    if (what == "never") {
        fate->never = true;
        return true;
    }
    if (what.compare(0, 5, "slow:") == 0) {
        fate->slowMillis = std::strtol(what.c_str() + 5, nullptr, 10);
        return fate->slowMillis > 0;
    }
    return false;
}

bool parseRule(const std::string &text, Rule *rule) {
    size_t colon = text.find(':');
    if (colon == std::string::npos) {
        return false;
    }
    std::string subject = text.substr(0, colon);
    char *rest = nullptr;
    rule->nth = std::strtol(text.c_str() + colon + 1, &rest, 10);
    rule->onwards = *rest == '+';
    rest += rule->onwards ? 1 : 0;
    if (rule->nth < 1) {
        return false;
    }
    rule->allocation = subject == "allocation";
    if (rule->allocation) {
        return *rest == '\0';
    }
    return subject == "commandBuffer" && *rest == '=' && parseFate(rest + 1, &rule->fate);
}

bool parse(const std::string &text, std::vector<Rule> *rules) {
    for (size_t at = 0; at < text.size();) {
        size_t end = std::min(text.find(';', at), text.size());
        std::string part = text.substr(at, end - at);
        part.erase(0, part.find_first_not_of(' '));
        Rule rule{};
        if (!part.empty() && !parseRule(part, &rule)) {
            return false;
        }
        if (!part.empty()) {
            rules->push_back(rule);
        }
        at = end + 1;
    }
    return true;
}

State &state() {
    static State *instance = [] {
        auto *s = new State();
        parse(setting("FAULTS"), &s->rules);
        return s;
    }();
    return *instance;
}

} // namespace

bool Faults::plan(const std::string &text) {
    std::vector<Rule> rules;
    if (!parse(text, &rules)) {
        return false;
    }
    State &s = state();
    std::lock_guard<std::mutex> lock(s.mutex);
    s.rules = rules;
    s.allocations = 0;
    s.commandBuffers = 0;
    s.failedAllocations = 0;
    s.failedCommandBuffers = 0;
    s.plans++;
    s.changed.notify_all();
    return true;
}

bool Faults::allocationFails() {
    State &s = state();
    std::lock_guard<std::mutex> lock(s.mutex);
    s.allocations++;
    for (const Rule &rule : s.rules) {
        if (rule.allocation && rule.applies(s.allocations)) {
            s.failedAllocations++;
            return true;
        }
    }
    return false;
}

Faults::Fate Faults::nextCommandBuffer() {
    State &s = state();
    std::lock_guard<std::mutex> lock(s.mutex);
    s.commandBuffers++;
    for (const Rule &rule : s.rules) {
        if (!rule.allocation && rule.applies(s.commandBuffers)) {
            s.failedCommandBuffers++;
            return rule.fate;
        }
    }
    return {};
}

Faults::Happened Faults::happened() {
    State &s = state();
    std::lock_guard<std::mutex> lock(s.mutex);
    return {s.failedAllocations, s.failedCommandBuffers};
}

void Faults::stall() {
    State &s = state();
    std::unique_lock<std::mutex> lock(s.mutex);
    long plan = s.plans;
    s.changed.wait(lock, [&] { return s.plans != plan; });
}

} // namespace softmetal

/// Sets a fault plan (see faults.h) and counts from here on; an empty text ends all faults. False where it is no plan.
SOFTMETAL_API bool softmetal_fault(const char *plan) {
    return softmetal::Faults::plan(plan == nullptr ? "" : plan);
}
