// The scalar and vector types of MSL, its address spaces, and the construction of vectors.
#pragma once

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned long size_t;
typedef long ptrdiff_t;
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long int64_t;
typedef unsigned long uint64_t;
typedef _Float16 half;
typedef __bf16 bfloat;

// Real address spaces, so that mixing them up is a type error here as it is on a Mac.
#define SM_DEVICE __attribute__((address_space(1)))
#ifdef __NVPTX__
#define SM_CONSTANT __attribute__((address_space(1))) // NVIDIA's constant bank is too small for buffers
#else
#define SM_CONSTANT __attribute__((address_space(2)))
#endif
#define SM_THREADGROUP __attribute__((address_space(3)))
#define device SM_DEVICE
#define constant const SM_CONSTANT
#define threadgroup SM_THREADGROUP
#define thread
#define SM_INLINE inline __attribute__((always_inline))
#define METAL_FUNC SM_INLINE

#define SM_VECTORS(T)                                         \
    typedef T T##2 __attribute__((ext_vector_type(2)));       \
    typedef T T##3 __attribute__((ext_vector_type(3)));       \
    typedef T T##4 __attribute__((ext_vector_type(4)));
SM_VECTORS(bool)
SM_VECTORS(char)
SM_VECTORS(uchar)
SM_VECTORS(short)
SM_VECTORS(ushort)
SM_VECTORS(int)
SM_VECTORS(uint)
SM_VECTORS(long)
SM_VECTORS(ulong)
SM_VECTORS(half)
SM_VECTORS(bfloat)
SM_VECTORS(float)
#undef SM_VECTORS

// The packed vectors of two and four components: like the others, but aligned as their components are.
#define SM_PACKED(T)                                                             \
    typedef T packed_##T##2 __attribute__((ext_vector_type(2), aligned(sizeof(T)))); \
    typedef T packed_##T##4 __attribute__((ext_vector_type(4), aligned(sizeof(T))));
SM_PACKED(char)
SM_PACKED(uchar)
SM_PACKED(short)
SM_PACKED(ushort)
SM_PACKED(int)
SM_PACKED(uint)
SM_PACKED(half)
SM_PACKED(bfloat)
SM_PACKED(float)
#undef SM_PACKED

namespace metal {

template <class T, int N>
using vec = T __attribute__((ext_vector_type(N)));

template <class T, T v>
struct integral_constant {
    static constexpr T value = v;
};
typedef integral_constant<bool, true> true_type;
typedef integral_constant<bool, false> false_type;

template <class A, class B>
struct is_same : false_type {};
template <class A>
struct is_same<A, A> : true_type {};
template <class A, class B>
constexpr bool is_same_v = is_same<A, B>::value;
template <class A>
constexpr bool is_integral_v = __is_integral(A);
template <class A>
constexpr bool is_floating_point_v = __is_floating_point(A) || is_same_v<A, half> || is_same_v<A, bfloat>;
template <class A>
constexpr bool is_unsigned_v = __is_unsigned(A);
template <class A>
constexpr bool is_signed_v = __is_signed(A);
template <class A>
struct is_integral : integral_constant<bool, __is_integral(A)> {};
template <class A>
struct is_floating_point : integral_constant<bool, is_floating_point_v<A>> {};

template <bool B, class T = void>
struct enable_if {};
template <class T>
struct enable_if<true, T> {
    typedef T type;
};
template <bool B, class T = void>
using enable_if_t = typename enable_if<B, T>::type;
template <bool B, class X, class Y>
struct conditional {
    typedef X type;
};
template <class X, class Y>
struct conditional<false, X, Y> {
    typedef Y type;
};
template <bool B, class X, class Y>
using conditional_t = typename conditional<B, X, Y>::type;

} // namespace metal

namespace softmetal {

/// Components and component type of a vector; a scalar has one component.
template <class V>
struct Shape {
    static constexpr int count = 1;
    typedef V Component;
};
template <class T, int N>
struct Shape<T __attribute__((ext_vector_type(N)))> {
    static constexpr int count = N;
    typedef T Component;
};

template <class V>
constexpr bool isVector = (Shape<V>::count > 1);

template <class V, class A>
SM_INLINE void append(V &vector, int &at, A value) {
    typedef typename Shape<V>::Component Component;
    if constexpr (isVector<A>) {
        for (int i = 0; i < Shape<A>::count; i++) {
            vector[at++] = (Component)value[i];
        }
    } else {
        vector[at++] = (Component)value;
    }
}

template <class T>
SM_INLINE T make() {
    if constexpr (isVector<T>) {
        return (T)(typename Shape<T>::Component)0;
    } else {
        return T();
    }
}

/// `T(value)` as MSL means it: a vector is converted component by component, a scalar fills every component.
template <class T, class A>
SM_INLINE T make(A value) {
    if constexpr (isVector<T> && isVector<A>) {
        static_assert(Shape<T>::count == Shape<A>::count, "a vector is constructed from one of another size");
        return __builtin_convertvector(value, T);
    } else if constexpr (isVector<T>) {
        return (T)((typename Shape<T>::Component)value);
    } else {
        static_assert(!isVector<A>, "a scalar is constructed from a vector");
        return T(value);
    }
}

template <class T, class A, class B, class... More>
SM_INLINE T make(A a, B b, More... more) {
    if constexpr (isVector<T>) {
        static_assert(((Shape<A>::count + Shape<B>::count) + ... + Shape<More>::count) == Shape<T>::count,
                      "wrong number of components for the vector");
        T vector;
        int at = 0;
        append(vector, at, a);
        append(vector, at, b);
        (append(vector, at, more), ...);
        return vector;
    } else {
        return T(a, b, more...);
    }
}

} // namespace softmetal
