// What the translator generates into: entries that fetch a kernel's arguments, the table of kernels, threadgroup
// variables and function constants. Arguments are fetched by the parameter's own type, which the translator never parses.
#pragma once

#include "abi.h"
#include "threads.h"

namespace softmetal {

/// What a buffer holds, for comparisons of numbers: 'f'loat, 'h'alf, 'b'float, or 0 for everything else.
template <class T>
constexpr char elementOf() {
    typedef typename Shape<T>::Component C;
    return metal::is_same_v<C, float> ? 'f' : metal::is_same_v<C, half> ? 'h' : metal::is_same_v<C, bfloat> ? 'b' : 0;
}

template <class P>
struct Pointee; // of kernel parameters; a type that is none of these is refused by the static_asserts below
template <class T>
struct Pointee<SM_DEVICE T *> {
    static constexpr bool allowed = true, reference = false, writable = true;
    static constexpr unsigned long bytes = 0;
    static constexpr char element = elementOf<T>();
};
template <class T>
struct Pointee<const SM_DEVICE T *> {
    static constexpr bool allowed = true, reference = false, writable = false;
    static constexpr unsigned long bytes = 0;
    static constexpr char element = elementOf<T>();
};
#ifndef __NVPTX__ // where it is the same address space
template <class T>
struct Pointee<const SM_CONSTANT T *> {
    static constexpr bool allowed = true, reference = false, writable = false;
    static constexpr unsigned long bytes = 0;
    static constexpr char element = elementOf<T>();
};
#endif
template <class T>
struct Pointee<SM_DEVICE T &> {
    static constexpr bool allowed = true, reference = true, writable = true;
    static constexpr unsigned long bytes = sizeof(T);
    static constexpr char element = elementOf<T>();
};
template <class T>
struct Pointee<const SM_DEVICE T &> {
    static constexpr bool allowed = true, reference = true, writable = false;
    static constexpr unsigned long bytes = sizeof(T);
    static constexpr char element = elementOf<T>();
};
#ifndef __NVPTX__
template <class T>
struct Pointee<const SM_CONSTANT T &> {
    static constexpr bool allowed = true, reference = true, writable = false;
    static constexpr unsigned long bytes = sizeof(T);
    static constexpr char element = elementOf<T>();
};
#endif

template <class P>
struct Unreferenced {
    typedef P Pointer;
    static SM_INLINE P from(void *p) { return (P)p; }
};
template <class T>
struct Unreferenced<T &> {
    typedef T *Pointer;
    static SM_INLINE T &from(void *p) { return *(T *)p; }
};

template <unsigned index>
struct BufferArgument {
    template <class P>
    static SM_INLINE P get(Here here) {
        return Unreferenced<P>::from(argument(here, index));
    }
    template <class P>
    static Parameter describe(const char *name) {
        static_assert(Pointee<P>::allowed, "a buffer is a pointer or reference to device or constant memory");
        return {name, kBuffer, index, Pointee<P>::bytes, Pointee<P>::writable, Pointee<P>::element};
    }
};

template <unsigned index>
struct ThreadgroupArgument {
    template <class P>
    static SM_INLINE P get(Here here) {
        return (P)threadgroupArgument(here, index);
    }
    template <class P>
    static Parameter describe(const char *name) {
        return {name, kThreadgroupMemory, index, 0, true, 0};
    }
};

/// A position or size in up to three dimensions becomes uint, ushort or a vector of them.
template <class P>
SM_INLINE P narrowed(unsigned x, unsigned y, unsigned z) {
    typedef typename Shape<P>::Component Component;
    static_assert(metal::is_same_v<Component, uint> || metal::is_same_v<Component, ushort>,
                  "positions and sizes are uint, ushort or their vectors");
    if constexpr (Shape<P>::count == 1) {
        return (P)x;
    } else if constexpr (Shape<P>::count == 2) {
        return P{(Component)x, (Component)y};
    } else {
        return P{(Component)x, (Component)y, (Component)z};
    }
}

#define SM_BUILTIN(name, x, y, z)                             \
    struct Builtin_##name {                                   \
        template <class P>                                    \
        static SM_INLINE P get(Here here) {                   \
            (void)here;                                       \
            return narrowed<P>(x, y, z);                      \
        }                                                     \
        template <class P>                                    \
        static Parameter describe(const char *parameter) {    \
            return {parameter, kBuiltin, 0, 0, false, 0};     \
        }                                                     \
    };
#define SM_BUILTIN_SCALAR(name, x) SM_BUILTIN(name, x, 0, 0)
#define SM_BUILTIN_3(name, of) SM_BUILTIN(name, of(here, 0), of(here, 1), of(here, 2))
SM_BUILTIN(thread_position_in_grid, groupPosition(here, 0) * fullGroupSize(here, 0) + positionInThreadgroup(here, 0),
           groupPosition(here, 1) * fullGroupSize(here, 1) + positionInThreadgroup(here, 1),
           groupPosition(here, 2) * fullGroupSize(here, 2) + positionInThreadgroup(here, 2))
SM_BUILTIN_3(thread_position_in_threadgroup, positionInThreadgroup)
SM_BUILTIN_3(threadgroup_position_in_grid, groupPosition)
SM_BUILTIN_3(threads_per_threadgroup, groupSize)
SM_BUILTIN_3(dispatch_threads_per_threadgroup, fullGroupSize)
SM_BUILTIN_3(threadgroups_per_grid, groupsInGrid)
SM_BUILTIN_3(threads_per_grid, threadsInGrid)
SM_BUILTIN_SCALAR(thread_index_in_threadgroup, threadNumber(here))
SM_BUILTIN_SCALAR(thread_index_in_simdgroup, laneNumber(here))
SM_BUILTIN_SCALAR(simdgroup_index_in_threadgroup, simdgroupNumber(here))
SM_BUILTIN_SCALAR(simdgroups_per_threadgroup, simdgroupCount(here))
SM_BUILTIN_SCALAR(threads_per_simdgroup, kSimdWidth)
#undef SM_BUILTIN
#undef SM_BUILTIN_SCALAR
#undef SM_BUILTIN_3

/// Runs `kernel` on one lane, with its arguments from `Sources`.
template <class F, F *kernel, class... Sources>
struct Entry;
template <class... P, void (*kernel)(P...), class... Sources>
struct Entry<void(P...), kernel, Sources...> {
    static void run(Here here) { kernel(Sources::template get<P>(here)...); }

    struct Parameters {
        Parameter list[sizeof...(P) + 1];
    };
    template <class... Names>
    static Parameters describe(Names... names) {
        return {{Sources::template describe<P>(names)..., {nullptr, kBuiltin, 0, 0, false, 0}}};
    }
};

/// MTLDataType of a function constant.
template <class T>
struct DataType;
#define SM_DATA_TYPE(T, number)                  \
    template <>                                  \
    struct DataType<T> {                         \
        static constexpr unsigned value = number; \
    };
SM_DATA_TYPE(float, 3)
SM_DATA_TYPE(half, 16)
SM_DATA_TYPE(int, 29)
SM_DATA_TYPE(uint, 33)
SM_DATA_TYPE(short, 37)
SM_DATA_TYPE(ushort, 41)
SM_DATA_TYPE(char, 45)
SM_DATA_TYPE(uchar, 49)
SM_DATA_TYPE(bool, 53)
#undef SM_DATA_TYPE

} // namespace softmetal

#ifdef __NVPTX__

// The host's runner sets a function constant before it starts a kernel. External, so that no value is assumed.
#define SM_FUNCTION_CONSTANT(name, number, ...)                                                        \
    extern "C" __attribute__((address_space(4), used)) bool sm_defined_##number = false;               \
    extern "C" __attribute__((address_space(4), used)) __VA_ARGS__ sm_constant_##number = __VA_ARGS__(); \
    static const __attribute__((address_space(4))) __VA_ARGS__ &name = sm_constant_##number;
#define SM_FUNCTION_CONSTANT_DEFINED(number) sm_defined_##number
#define SM_THREADGROUP_VARIABLE(number, name, ...) \
    static SM_THREADGROUP sm_type_##number name __attribute__((loader_uninitialized));
#define SM_NVPTX_KERNEL(number)                                                                         \
    extern "C" __attribute__((nvptx_kernel)) void sm_kernel_##number(const softmetal::Launch *launch) { \
        sm_entry_##number::run((softmetal::Here)launch);                                                \
    }

#else

namespace softmetal {

/// A threadgroup variable of one kernel; reserved while the library is loaded, so that the pipeline knows the sum.
template <class F, F *kernel, int number, class T>
struct ThreadgroupVariable {
    static const unsigned offset;
};
template <class F, F *kernel, int number, class T>
const unsigned ThreadgroupVariable<F, kernel, number, T>::offset =
    softmetal_reserve((const void *)kernel, sizeof(T), alignof(T));

template <class T>
SM_INLINE T functionConstant(unsigned index) {
    T value;
    __builtin_memcpy(&value, softmetal_function_constant(index), sizeof(T));
    return value;
}

} // namespace softmetal

#define SM_FUNCTION_CONSTANT(name, number, ...)                                          \
    static const bool sm_defined_##number = softmetal_function_constant_defined(number); \
    static const __VA_ARGS__ name = softmetal::functionConstant<__VA_ARGS__>(number);
#define SM_FUNCTION_CONSTANT_DEFINED(number) sm_defined_##number
#define SM_THREADGROUP_VARIABLE(number, name, ...)                                             \
    SM_THREADGROUP sm_type_##number &name = *(SM_THREADGROUP sm_type_##number *)(               \
        softmetal::here()->group->memory + softmetal::ThreadgroupVariable<decltype(__VA_ARGS__), __VA_ARGS__, number, sm_type_##number>::offset);

#endif
