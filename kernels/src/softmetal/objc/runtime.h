// The part of an Objective-C runtime that a caller through objc_msgSend needs: classes, selectors, reference counts,
// autorelease pools and blocks. Methods are C functions `R method(Receiver *self, SEL, ...)`.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#define SOFTMETAL_API extern "C" __attribute__((visibility("default")))

namespace softmetal {

struct Selector {
    std::string name;
    unsigned number;
};
using SEL = const Selector *;
using Method = void (*)();
using NSUInteger = unsigned long;
using NSInteger = long;

struct Class;

/// Every object. `isa` comes first, as a caller that looks may expect; there is no C++ vtable.
struct Object {
    const Class *isa = nullptr;
    std::atomic<long> references{1};
};
using id = Object *;

/// A class, itself an object whose `isa` holds the class methods.
struct Class : Object {
    std::string name;
    std::vector<Method> methods;            // by selector number, those of the superclass included
    void (*destroy)(Object *) = nullptr;    // runs the destructor; the memory goes to the graveyard
    size_t bytes = 0;
    mutable std::atomic<long> live{0};
};

/// One method of a class under construction.
struct MethodEntry {
    const char *selector;
    Method method;
};
template <class R, class Self, class... A>
MethodEntry method(const char *selector, R (*f)(Self *, SEL, A...)) {
    return {selector, reinterpret_cast<Method>(f)};
}

/// Registers a class; called while the library is loaded, and never after.
Class *define(const char *name, size_t bytes, void (*destroy)(Object *), const std::vector<MethodEntry> &instance,
              const std::vector<MethodEntry> &klass = {});

/// The class of a C++ type; each type of object specialises it where its methods are.
template <class T>
struct ClassOf {
    static Class *value;
};
template <class T>
Class *ClassOf<T>::value = nullptr;

template <class T>
void destroyAs(Object *object) {
    static_cast<T *>(object)->~T();
}
template <class T>
Class *defineAs(const char *name, const std::vector<MethodEntry> &instance, const std::vector<MethodEntry> &klass = {}) {
    return ClassOf<T>::value = define(name, sizeof(T), destroyAs<T>, instance, klass);
}

void *allocateObject(const Class *isa);

/// A new object with one reference, the caller's.
template <class T, class... A>
T *create(A &&...arguments) {
    const Class *isa = ClassOf<T>::value;
    T *object = new (allocateObject(isa)) T(static_cast<A &&>(arguments)...);
    object->isa = isa;
    return object;
}

id retain(id object);
void release(id object);
id autorelease(id object);
template <class T>
T *retained(T *object) {
    retain(object);
    return object;
}
template <class T>
T *autoreleased(T *object) {
    autorelease(object);
    return object;
}

/// Whether the object was deallocated: a message to it is a bug of the caller.
bool isZombie(const Object *object);
/// The name of an object's class, of a dead one too.
std::string className(const Object *object);
/// Whether an argument is a living object of class T; says so as a violation where it is not.
template <class T>
bool expect(id object, const char *where);
bool expectClass(id object, const Class *wanted, const char *where);
template <class T>
bool expect(id object, const char *where) {
    return expectClass(object, ClassOf<T>::value, where);
}

/// Living objects: of one class, or of all classes but the strings and errors of Foundation where `name` is null.
long liveObjects(const char *name);
/// One line "class count" for each class with living objects.
std::string liveReport();

/// An Objective-C block.
struct Block {
    void *isa;
    int flags;
    int reserved;
    void (*invoke)(Block *, ...);
    struct Descriptor {
        unsigned long reserved;
        unsigned long size;
    } *descriptor;
};
/// Copies a block to the heap as _Block_copy does; a global block is returned as it is. Null where it is malformed.
Block *copyBlock(Block *block, const char *where);
void releaseBlock(Block *block);

} // namespace softmetal
