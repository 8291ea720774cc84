#include <chrono>

#include "../validation.h"
#include "objects.h"

namespace softmetal {

void Event::signal(unsigned long to) {
    std::lock_guard<std::mutex> lock(mutex);
    value = to;
    changed.notify_all();
}

bool Event::wait(unsigned long until, const std::function<bool()> &cancelled) {
    std::unique_lock<std::mutex> lock(mutex);
    while (value < until) {
        if (cancelled()) {
            return false;
        }
        changed.wait_for(lock, std::chrono::milliseconds(20));
    }
    return true;
}

namespace {

NSUInteger signaledValue(Event *self, SEL) {
    std::lock_guard<std::mutex> lock(self->mutex);
    return self->value;
}
void setSignaledValue(Event *self, SEL, NSUInteger value) {
    if (value < signaledValue(self, nullptr)) {
        violation("setSignaledValue: %lu, the event is at %lu: values only grow", value, self->value);
        return;
    }
    self->signal(value);
}
bool waitUntilSignaled(Event *self, SEL, NSUInteger value, NSUInteger millis) {
    auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(millis);
    return self->wait(value, [end] { return std::chrono::steady_clock::now() >= end; });
}

id newDescriptor(Class *, SEL) {
    return create<ResidencySetDescriptor>();
}
void setInitialCapacity(ResidencySetDescriptor *self, SEL, NSUInteger capacity) {
    self->initialCapacity = capacity;
}
void addAllocation(ResidencySet *self, SEL, id buffer) {
    if (expect<Buffer>(buffer, "addAllocation:")) {
        self->pending.push_back(retain(buffer));
    }
}
void removeAllocation(ResidencySet *self, SEL, id buffer) {
    for (std::vector<id> *list : {&self->pending, &self->allocations}) {
        for (size_t i = 0; i < list->size(); i++) {
            if ((*list)[i] == buffer) {
                list->erase(list->begin() + static_cast<long>(i));
                release(buffer);
                return;
            }
        }
    }
    violation("removeAllocation: the buffer is not in the residency set");
}
void removeAllAllocations(ResidencySet *self, SEL) {
    for (std::vector<id> *list : {&self->pending, &self->allocations}) {
        for (id buffer : *list) {
            release(buffer);
        }
        list->clear();
    }
}
void commitSet(ResidencySet *self, SEL) {
    self->allocations.insert(self->allocations.end(), self->pending.begin(), self->pending.end());
    self->pending.clear();
}
void requestResidency(ResidencySet *self, SEL) {
    if (!self->pending.empty()) {
        violation("requestResidency: %zu allocations were added and not committed", self->pending.size());
    }
}
void endResidency(ResidencySet *, SEL) {}
NSUInteger allocationCount(ResidencySet *self, SEL) {
    return self->allocations.size();
}

void *const registered[] = {
    defineAs<Event>("MTLSharedEvent",
                    {method("signaledValue", signaledValue), method("setSignaledValue:", setSignaledValue),
                     method("waitUntilSignaledValue:timeoutMS:", waitUntilSignaled), method("setLabel:", setLabel<Event>),
                     method("label", getLabel<Event>)}),
    defineAs<Fence>("MTLFence", {method("setLabel:", setLabel<Fence>), method("label", getLabel<Fence>)}),
    defineAs<ResidencySetDescriptor>("MTLResidencySetDescriptor",
                                     {method("setInitialCapacity:", setInitialCapacity),
                                      method("setLabel:", setLabel<ResidencySetDescriptor>)},
                                     {method("new", newDescriptor)}),
    defineAs<ResidencySet>("MTLResidencySet",
                           {method("addAllocation:", addAllocation), method("removeAllocation:", removeAllocation),
                            method("removeAllAllocations", removeAllAllocations), method("commit", commitSet),
                            method("requestResidency", requestResidency), method("endResidency", endResidency),
                            method("allocationCount", allocationCount)}),
};

} // namespace

ResidencySet::~ResidencySet() {
    removeAllAllocations(this, nullptr);
}

} // namespace softmetal
