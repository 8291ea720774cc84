// Atomic operations of MSL on device and threadgroup memory: memory_order_relaxed is the only order there is.
#pragma once

#include "types.h"

namespace metal {

enum memory_order { memory_order_relaxed = 0 };

template <class T>
struct atomic {
    T value;
};
typedef atomic<int> atomic_int;
typedef atomic<uint> atomic_uint;
typedef atomic<float> atomic_float;
typedef atomic<ulong> atomic_ulong;

#ifdef SOFTMETAL_TRACED
#define SM_CHECK_ATOMIC(p) softmetal_check_atomic((const void *)&(p)->value, sizeof((p)->value))
#else
#define SM_CHECK_ATOMIC(p) ((void)0)
#endif

// Loads and stores are read-modify-writes where accesses are traced, so that the instrumentation takes them for what they are.
#define SM_ATOMICS(SPACE)                                                                                       \
    template <class T>                                                                                          \
    SM_INLINE T atomic_load_explicit(const volatile SPACE atomic<T> *p, memory_order) {                         \
        SM_CHECK_ATOMIC(p);                                                                                     \
        T value;                                                                                                \
        __atomic_load((T *)&p->value, &value, __ATOMIC_RELAXED);                                                \
        return value;                                                                                           \
    }                                                                                                           \
    template <class T, class V>                                                                                 \
    SM_INLINE void atomic_store_explicit(volatile SPACE atomic<T> *p, V value, memory_order) {                  \
        SM_CHECK_ATOMIC(p);                                                                                     \
        T old, desired = (T)value;                                                                              \
        __atomic_exchange((T *)&p->value, &desired, &old, __ATOMIC_RELAXED);                                    \
    }                                                                                                           \
    template <class T, class V>                                                                                 \
    SM_INLINE T atomic_exchange_explicit(volatile SPACE atomic<T> *p, V value, memory_order) {                  \
        SM_CHECK_ATOMIC(p);                                                                                     \
        T old, desired = (T)value;                                                                              \
        __atomic_exchange((T *)&p->value, &desired, &old, __ATOMIC_RELAXED);                                    \
        return old;                                                                                             \
    }                                                                                                           \
    template <class T, class V>                                                                                 \
    SM_INLINE bool atomic_compare_exchange_weak_explicit(volatile SPACE atomic<T> *p, T *expected, V desired,   \
                                                         memory_order, memory_order) {                          \
        SM_CHECK_ATOMIC(p);                                                                                     \
        T with = (T)desired;                                                                                    \
        return __atomic_compare_exchange((T *)&p->value, expected, &with, false, __ATOMIC_RELAXED,              \
                                         __ATOMIC_RELAXED);                                                     \
    }                                                                                                           \
    template <class V>                                                                                          \
    SM_INLINE float atomic_fetch_add_explicit(volatile SPACE atomic<float> *p, V value, memory_order order) {   \
        float old = atomic_load_explicit(p, order);                                                             \
        while (!atomic_compare_exchange_weak_explicit(p, &old, old + (float)value, order, order)) {             \
        }                                                                                                       \
        return old;                                                                                             \
    }
#define SM_ATOMIC_FETCH(SPACE, name)                                                                            \
    template <class T, class V>                                                                                 \
    SM_INLINE T atomic_##name##_explicit(volatile SPACE atomic<T> *p, V value, memory_order) {                  \
        static_assert(__is_integral(T), "this atomic operation is for integers");                               \
        SM_CHECK_ATOMIC(p);                                                                                     \
        return __atomic_##name((T *)&p->value, (T)value, __ATOMIC_RELAXED);                                     \
    }
#define SM_ATOMIC_FETCHES(SPACE)      \
    SM_ATOMIC_FETCH(SPACE, fetch_add) \
    SM_ATOMIC_FETCH(SPACE, fetch_sub) \
    SM_ATOMIC_FETCH(SPACE, fetch_max) \
    SM_ATOMIC_FETCH(SPACE, fetch_min) \
    SM_ATOMIC_FETCH(SPACE, fetch_and) \
    SM_ATOMIC_FETCH(SPACE, fetch_or)  \
    SM_ATOMIC_FETCH(SPACE, fetch_xor)
SM_ATOMICS(SM_DEVICE)
SM_ATOMICS(SM_THREADGROUP)
SM_ATOMIC_FETCHES(SM_DEVICE)
SM_ATOMIC_FETCHES(SM_THREADGROUP)
#undef SM_ATOMICS
#undef SM_ATOMIC_FETCH
#undef SM_ATOMIC_FETCHES

} // namespace metal
