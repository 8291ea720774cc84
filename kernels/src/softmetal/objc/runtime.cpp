#include "runtime.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <unordered_map>

#include "../validation.h"

using namespace softmetal;

SOFTMETAL_API void *_NSConcreteGlobalBlock[32];
SOFTMETAL_API void *_NSConcreteStackBlock[32];
SOFTMETAL_API void *_NSConcreteMallocBlock[32];
void *_NSConcreteGlobalBlock[32];
void *_NSConcreteStackBlock[32];
void *_NSConcreteMallocBlock[32];

namespace softmetal {
namespace {

struct Registry {
    std::mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<Selector>> selectors;
    std::map<std::string, Class *> classes;
};

Registry &registry() {
    static Registry *instance = new Registry(); // never destroyed: messages may arrive while the process ends
    return *instance;
}

SEL selector(const char *name) {
    Registry &r = registry();
    std::lock_guard<std::mutex> lock(r.mutex);
    std::unique_ptr<Selector> &slot = r.selectors[name];
    if (!slot) {
        slot.reset(new Selector{name, static_cast<unsigned>(r.selectors.size() - 1)});
    }
    return slot.get();
}

void put(Class *c, const MethodEntry &entry) {
    SEL sel = selector(entry.selector);
    if (c->methods.size() <= sel->number) {
        c->methods.resize(sel->number + 1);
    }
    c->methods[sel->number] = entry.method;
}

Method find(const Class *c, SEL sel) {
    return sel->number < c->methods.size() ? c->methods[sel->number] : nullptr;
}

/// Dead objects are kept for a while, so that a message to one is seen and not a crash or, worse, an answer.
struct Graveyard {
    static constexpr size_t kept = 50'000;
    std::mutex mutex;
    std::deque<Object *> dead;
    std::unordered_map<const Object *, const Class *> lived;
};
Graveyard &graveyard() {
    static Graveyard *instance = new Graveyard();
    return *instance;
}
Class zombieClass;

void bury(Object *object, const Class *was) {
    Graveyard &g = graveyard();
    Object *forgotten = nullptr;
    {
        std::lock_guard<std::mutex> lock(g.mutex);
        g.dead.push_back(object);
        g.lived[object] = was;
        if (g.dead.size() > Graveyard::kept) {
            forgotten = g.dead.front();
            g.dead.pop_front();
            g.lived.erase(forgotten);
        }
    }
    std::free(forgotten);
}

long zero(Object *, SEL) {
    return 0;
}

// What every object answers.
id allocMethod(Class *c, SEL) {
    if (find(c, selector("init")) == nullptr) {
        violation("+[%s alloc]: Ingot creates no such object", c->name.c_str());
        return nullptr;
    }
    // Construction needs the type: +alloc makes the object through its class method "new".
    Method make = find(c->isa, selector("new"));
    return reinterpret_cast<id (*)(Class *, SEL)>(make)(c, nullptr);
}
id initMethod(Object *self, SEL) {
    return self;
}
id retainMethod(Object *self, SEL) {
    return retain(self);
}
void releaseMethod(Object *self, SEL) {
    release(self);
}
id autoreleaseMethod(Object *self, SEL) {
    return autorelease(self);
}
NSUInteger retainCountMethod(Object *self, SEL) {
    return static_cast<NSUInteger>(self->references.load());
}
bool respondsToSelectorMethod(Object *self, SEL, SEL asked) {
    return asked != nullptr && find(self->isa, asked) != nullptr;
}
id classMethod(Object *self, SEL) {
    return const_cast<Class *>(self->isa);
}

} // namespace

Class *define(const char *name, size_t bytes, void (*destroy)(Object *), const std::vector<MethodEntry> &instance,
              const std::vector<MethodEntry> &klass) {
    auto *meta = new Class();
    meta->name = name;
    put(meta, method("alloc", allocMethod));
    put(meta, method("respondsToSelector:", respondsToSelectorMethod));
    put(meta, method("retain", retainMethod));
    put(meta, method("release", releaseMethod));
    for (const MethodEntry &entry : klass) {
        put(meta, entry);
    }
    auto *c = new Class();
    c->isa = meta;
    c->name = name;
    c->bytes = bytes;
    c->destroy = destroy;
    put(c, method("init", initMethod));
    put(c, method("retain", retainMethod));
    put(c, method("release", releaseMethod));
    put(c, method("autorelease", autoreleaseMethod));
    put(c, method("retainCount", retainCountMethod));
    put(c, method("respondsToSelector:", respondsToSelectorMethod));
    put(c, method("class", classMethod));
    for (const MethodEntry &entry : instance) {
        put(c, entry);
    }
    if (find(meta, selector("new")) == nullptr) {
        c->methods[selector("init")->number] = nullptr; // not for callers to create
    }
    Registry &r = registry();
    std::lock_guard<std::mutex> lock(r.mutex);
    r.classes[name] = c;
    return c;
}

void *allocateObject(const Class *isa) {
    isa->live++;
    void *memory = std::aligned_alloc(64, (isa->bytes + 63) / 64 * 64);
    if (memory == nullptr) {
        std::abort();
    }
    return memory;
}

bool isZombie(const Object *object) {
    return object->isa == &zombieClass;
}

std::string className(const Object *object) {
    if (!isZombie(object)) {
        return object->isa->name;
    }
    Graveyard &g = graveyard();
    std::lock_guard<std::mutex> lock(g.mutex);
    auto found = g.lived.find(object);
    return found == g.lived.end() ? "an object" : found->second->name;
}

bool expectClass(id object, const Class *wanted, const char *where) {
    if (object == nullptr) {
        violation("%s: nil, expected %s", where, wanted->name.c_str());
        return false;
    }
    if (object->isa != wanted) {
        violation("%s: %s%s, expected %s", where, isZombie(object) ? "deallocated " : "", className(object).c_str(),
                  wanted->name.c_str());
        return false;
    }
    return true;
}

id retain(id object) {
    if (object == nullptr || object->isa == nullptr || static_cast<const Class *>(object->isa)->bytes == 0) {
        if (object != nullptr && isZombie(object)) {
            violation("retain of a deallocated %s", className(object).c_str());
        }
        return object; // classes are not counted
    }
    object->references++;
    return object;
}

void release(id object) {
    if (object == nullptr) {
        return;
    }
    if (isZombie(object)) {
        violation("over-release: %s %p is already deallocated", className(object).c_str(), static_cast<void *>(object));
        return;
    }
    const Class *isa = object->isa;
    if (isa->bytes == 0) {
        return;
    }
    if (--object->references > 0) {
        return;
    }
    isa->live--;
    isa->destroy(object);
    object->isa = &zombieClass;
    bury(object, isa);
}

long liveObjects(const char *name) {
    Registry &r = registry();
    std::lock_guard<std::mutex> lock(r.mutex);
    long count = 0;
    for (auto &[key, c] : r.classes) {
        bool counted = name != nullptr ? key == name : key.compare(0, 3, "MTL") == 0;
        count += counted ? c->live.load() : 0;
    }
    return count;
}

std::string liveReport() {
    Registry &r = registry();
    std::lock_guard<std::mutex> lock(r.mutex);
    std::string report;
    for (auto &[key, c] : r.classes) {
        if (c->live != 0) {
            report += key + " " + std::to_string(c->live) + "\n";
        }
    }
    return report;
}

// Blocks

namespace {
constexpr int kBlockIsGlobal = 1 << 28;
constexpr int kBlockHasCopy = 1 << 25;
} // namespace

Block *copyBlock(Block *block, const char *where) {
    if (block == nullptr) {
        violation("%s: nil block", where);
        return nullptr;
    }
    bool global = block->isa == _NSConcreteGlobalBlock;
    if (!global && block->isa != _NSConcreteStackBlock && block->isa != _NSConcreteMallocBlock) {
        violation("%s: the block's isa is none of the _NSConcrete...Block classes", where);
        return nullptr;
    }
    if (global != ((block->flags & kBlockIsGlobal) != 0)) {
        violation("%s: the block's isa and its BLOCK_IS_GLOBAL flag contradict each other", where);
        return nullptr;
    }
    if (block->invoke == nullptr || block->descriptor == nullptr || block->descriptor->size < sizeof(Block)) {
        violation("%s: the block has no function, no descriptor, or a descriptor of less than %zu bytes", where, sizeof(Block));
        return nullptr;
    }
    if (global) {
        return block;
    }
    if ((block->flags & kBlockHasCopy) != 0) {
        violation("%s: a block with a copy helper is beyond this runtime", where);
        return nullptr;
    }
    auto *copy = static_cast<Block *>(std::malloc(block->descriptor->size));
    std::memcpy(copy, block, block->descriptor->size);
    copy->isa = _NSConcreteMallocBlock;
    return copy;
}

void releaseBlock(Block *block) {
    if (block != nullptr && block->isa == _NSConcreteMallocBlock) {
        std::free(block);
    }
}

namespace {

struct Pools {
    std::vector<id> objects;
    std::vector<size_t> marks; // where each open pool begins
};
Pools &pools() {
    static thread_local Pools instance;
    return instance;
}

} // namespace

id autorelease(id object) {
    if (object == nullptr) {
        return nullptr;
    }
    Pools &p = pools();
    if (p.marks.empty()) {
        violation("%s %p autoreleased with no pool in place: it leaks", className(object).c_str(), static_cast<void *>(object));
        return object;
    }
    p.objects.push_back(object);
    return object;
}

} // namespace softmetal

// The entry points of libobjc

SOFTMETAL_API SEL sel_registerName(const char *name) {
    return selector(name);
}

SOFTMETAL_API const char *sel_getName(SEL sel) {
    return sel->name.c_str();
}

SOFTMETAL_API Class *objc_getClass(const char *name) {
    Registry &r = registry();
    std::lock_guard<std::mutex> lock(r.mutex);
    auto found = r.classes.find(name);
    return found == r.classes.end() ? nullptr : found->second;
}

SOFTMETAL_API const Class *object_getClass(id object) {
    return object == nullptr ? nullptr : object->isa;
}

SOFTMETAL_API const char *class_getName(const Class *c) {
    return c == nullptr ? "nil" : c->name.c_str();
}

SOFTMETAL_API id objc_retain(id object) {
    return retain(object);
}

SOFTMETAL_API void objc_release(id object) {
    release(object);
}

SOFTMETAL_API id objc_autorelease(id object) {
    return autorelease(object);
}

SOFTMETAL_API void *objc_autoreleasePoolPush() {
    Pools &p = pools();
    p.marks.push_back(p.objects.size());
    return reinterpret_cast<void *>(p.marks.size());
}

SOFTMETAL_API void objc_autoreleasePoolPop(void *pool) {
    Pools &p = pools();
    auto depth = reinterpret_cast<size_t>(pool);
    if (depth == 0 || depth > p.marks.size()) {
        violation("objc_autoreleasePoolPop: this pool is not open on this thread");
        return;
    }
    size_t mark = p.marks[depth - 1];
    p.marks.resize(depth - 1);
    while (p.objects.size() > mark) {
        id object = p.objects.back();
        p.objects.pop_back();
        release(object);
    }
}

/// Called by objc_msgSend: the method that answers, or one that returns zero after a violation.
extern "C" __attribute__((visibility("hidden"))) Method softmetal_method(id receiver, SEL sel) {
    Method found = find(receiver->isa, sel);
    if (found != nullptr) {
        return found;
    }
    if (isZombie(receiver)) {
        violation("-[%s %s]: message sent to deallocated instance %p", className(receiver).c_str(), sel->name.c_str(),
                  static_cast<void *>(receiver));
    } else {
        violation("-[%s %s]: unrecognized selector sent to instance %p", className(receiver).c_str(), sel->name.c_str(),
                  static_cast<void *>(receiver));
    }
    return reinterpret_cast<Method>(zero);
}
