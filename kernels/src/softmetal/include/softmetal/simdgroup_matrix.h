// simdgroup_matrix: 8x8, two neighbouring elements of a row in every lane, in the layout of Apple's GPUs.
#pragma once

#include "threads.h"

namespace softmetal {

/// Where lane `lane` keeps its two elements: (row, column) and (row, column + 1).
struct Fragment {
    unsigned row, column;
    static SM_INLINE Fragment of(unsigned lane) {
        unsigned quad = lane / 4;
        return {(quad & 4) + (lane / 2) % 4, (quad & 2) * 2 + (lane % 2) * 2};
    }
};

inline void multiplyAccumulate(Simdgroup &simdgroup, unsigned parity) {
    if (simdgroup.active[parity] != 0xffffffffu) {
        softmetal_fail("a simdgroup_matrix multiplication needs all 32 lanes");
    }
    typedef float Row __attribute__((ext_vector_type(8)));
    const float *a = simdgroup.operand[parity][0];
    const Row *b = (const Row *)simdgroup.operand[parity][1];
    Row *c = (Row *)simdgroup.operand[parity][2];
    for (int i = 0; i < 8; i++) {
        Row sum = c[i];
        for (int k = 0; k < 8; k++) {
            sum = __builtin_elementwise_fma((Row)(a[i * 8 + k]), b[k], sum);
        }
        c[i] = sum;
    }
}

} // namespace softmetal

namespace metal {

template <class T, int Columns, int Rows>
struct simdgroup_matrix {
    static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8x8");
    static_assert(is_floating_point_v<T>, "simdgroup_matrix is of half, bfloat or float");

    simdgroup_matrix() {}
    /// The diagonal matrix.
    explicit simdgroup_matrix(T diagonal) {
        softmetal::Fragment at = softmetal::Fragment::of(softmetal::here()->index);
        elements[0] = at.row == at.column ? diagonal : (T)0;
        elements[1] = at.row == at.column + 1 ? diagonal : (T)0;
    }
    vec<T, 2> &thread_elements() { return elements; }
    const vec<T, 2> &thread_elements() const { return elements; }

    vec<T, 2> elements;
};

typedef simdgroup_matrix<half, 8, 8> simdgroup_half8x8;
typedef simdgroup_matrix<bfloat, 8, 8> simdgroup_bfloat8x8;
typedef simdgroup_matrix<float, 8, 8> simdgroup_float8x8;

template <class T, int Columns, int Rows>
SM_INLINE simdgroup_matrix<T, Columns, Rows> make_filled_simdgroup_matrix(T value) {
    simdgroup_matrix<T, Columns, Rows> matrix;
    matrix.elements[0] = value;
    matrix.elements[1] = value;
    return matrix;
}

#define SM_LOAD_STORE(SPACE)                                                                                      \
    template <class T>                                                                                            \
    SM_INLINE void simdgroup_load(simdgroup_matrix<T, 8, 8> &matrix, const SPACE T *from, ulong perRow = 8,       \
                                  ulong2 origin = (ulong2)(0ul), bool transposed = false) {                       \
        softmetal::Fragment at = softmetal::Fragment::of(softmetal::here()->index);                               \
        from += origin[0] + origin[1] * perRow;                                                                   \
        if (transposed) {                                                                                         \
            matrix.elements[0] = from[at.column * perRow + at.row];                                               \
            matrix.elements[1] = from[(at.column + 1) * perRow + at.row];                                         \
        } else {                                                                                                  \
            matrix.elements[0] = from[at.row * perRow + at.column];                                               \
            matrix.elements[1] = from[at.row * perRow + at.column + 1];                                           \
        }                                                                                                         \
    }                                                                                                             \
    template <class T>                                                                                            \
    SM_INLINE void simdgroup_store(simdgroup_matrix<T, 8, 8> matrix, SPACE T *to, ulong perRow = 8,               \
                                   ulong2 origin = (ulong2)(0ul), bool transposed = false) {                      \
        softmetal::Fragment at = softmetal::Fragment::of(softmetal::here()->index);                               \
        to += origin[0] + origin[1] * perRow;                                                                     \
        if (transposed) {                                                                                         \
            to[at.column * perRow + at.row] = matrix.elements[0];                                                 \
            to[(at.column + 1) * perRow + at.row] = matrix.elements[1];                                           \
        } else {                                                                                                  \
            to[at.row * perRow + at.column] = matrix.elements[0];                                                 \
            to[at.row * perRow + at.column + 1] = matrix.elements[1];                                             \
        }                                                                                                         \
    }
SM_LOAD_STORE(SM_DEVICE)
SM_LOAD_STORE(SM_THREADGROUP)
#undef SM_LOAD_STORE

/// d = a * b + c, the products of a row added from the first to the last in float.
template <class D, class A, class B, class C>
SM_INLINE void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8> &d, simdgroup_matrix<A, 8, 8> a,
                                             simdgroup_matrix<B, 8, 8> b, simdgroup_matrix<C, 8, 8> c, SM_SITE) {
    const softmetal::Lane *lane = softmetal::here();
    softmetal::Simdgroup &simdgroup = *lane->simdgroup;
    unsigned parity = simdgroup.generation & 1;
    softmetal::Fragment own = softmetal::Fragment::of(lane->index);
    unsigned at = own.row * 8 + own.column;
    float(*operand)[64] = simdgroup.operand[parity];
    for (int i = 0; i < 2; i++) {
        operand[0][at + i] = (float)a.elements[i];
        operand[1][at + i] = (float)b.elements[i];
        operand[2][at + i] = (float)c.elements[i];
    }
    softmetal_meet(lane, site, &softmetal::multiplyAccumulate);
    d.elements[0] = (D)operand[2][at];
    d.elements[1] = (D)operand[2][at + 1];
}
template <class D, class A, class B>
SM_INLINE void simdgroup_multiply(simdgroup_matrix<D, 8, 8> &d, simdgroup_matrix<A, 8, 8> a,
                                  simdgroup_matrix<B, 8, 8> b, SM_SITE) {
    simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<D, 8, 8>((D)0), site);
}

} // namespace metal
