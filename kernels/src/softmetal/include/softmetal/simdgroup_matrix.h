// simdgroup_matrix: 8x8, two neighbouring elements of a row in every lane, in the layout of Apple's GPUs.
#pragma once

#include "threads.h"

namespace metal {

template <class T, int Columns, int Rows>
struct simdgroup_matrix {
    static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8x8");
    static_assert(is_floating_point_v<T>, "simdgroup_matrix is of half, bfloat or float");

    /// What a lane holds of a matrix. It is indexed, by 0 and 1, and nothing else: how Apple's compiler stores it is its own.
    struct Elements {
        T &operator[](unsigned i) { return values[i]; }
        const T &operator[](unsigned i) const { return values[i]; }
        T values[2];
    };

    /// Not zero: NaN, so that a sum that begins without a value shows.
    simdgroup_matrix() {
        elements[0] = (T)NAN;
        elements[1] = (T)NAN;
    }
    /// The diagonal matrix.
    explicit simdgroup_matrix(T diagonal) {
        softmetal::Fragment at = softmetal::Fragment::of(softmetal::laneIndex());
        elements[0] = at.row == at.column ? diagonal : (T)0;
        elements[1] = at.row == at.column + 1 ? diagonal : (T)0;
    }
    Elements &thread_elements() { return elements; }
    const Elements &thread_elements() const { return elements; }

    Elements elements;
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

#define SM_LOAD_STORE(SPACE)                                                                                          \
    template <class T>                                                                                                \
    SM_INLINE void simdgroup_load(simdgroup_matrix<T, 8, 8> &matrix, const SPACE T *from, ulong perRow = 8,           \
                                  ulong2 origin = (ulong2)(0ul), bool transposed = false, SM_SITE) {                  \
        softmetal::allLanes(site);                                                                                    \
        softmetal::Fragment at = softmetal::Fragment::of(softmetal::laneIndex());                                     \
        from += origin[0] + origin[1] * perRow;                                                                       \
        if (transposed) {                                                                                             \
            matrix.elements[0] = from[at.column * perRow + at.row];                                                   \
            matrix.elements[1] = from[(at.column + 1) * perRow + at.row];                                             \
        } else {                                                                                                      \
            matrix.elements[0] = from[at.row * perRow + at.column];                                                   \
            matrix.elements[1] = from[at.row * perRow + at.column + 1];                                               \
        }                                                                                                             \
    }                                                                                                                 \
    template <class T>                                                                                                \
    SM_INLINE void simdgroup_store(simdgroup_matrix<T, 8, 8> matrix, SPACE T *to, ulong perRow = 8,                   \
                                   ulong2 origin = (ulong2)(0ul), bool transposed = false, SM_SITE) {                 \
        softmetal::allLanes(site);                                                                                    \
        softmetal::Fragment at = softmetal::Fragment::of(softmetal::laneIndex());                                     \
        to += origin[0] + origin[1] * perRow;                                                                         \
        if (transposed) {                                                                                             \
            to[at.column * perRow + at.row] = matrix.elements[0];                                                     \
            to[(at.column + 1) * perRow + at.row] = matrix.elements[1];                                               \
        } else {                                                                                                      \
            to[at.row * perRow + at.column] = matrix.elements[0];                                                     \
            to[at.row * perRow + at.column + 1] = matrix.elements[1];                                                 \
        }                                                                                                             \
    }
SM_LOAD_STORE(SM_DEVICE)
SM_LOAD_STORE(SM_THREADGROUP)
#undef SM_LOAD_STORE

/// d = a * b + c, the products of a row added from the first to the last in float.
template <class D, class A, class B, class C>
SM_INLINE void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8> &d, simdgroup_matrix<A, 8, 8> a,
                                             simdgroup_matrix<B, 8, 8> b, simdgroup_matrix<C, 8, 8> c, SM_SITE) {
    const float left[2] = {(float)a.elements[0], (float)a.elements[1]};
    const float right[2] = {(float)b.elements[0], (float)b.elements[1]};
    float sum[2] = {(float)c.elements[0], (float)c.elements[1]};
    softmetal::multiplyAccumulate(left, right, sum, site);
    d.elements[0] = (D)sum[0];
    d.elements[1] = (D)sum[1];
}
template <class D, class A, class B>
SM_INLINE void simdgroup_multiply(simdgroup_matrix<D, 8, 8> &d, simdgroup_matrix<A, 8, 8> a,
                                  simdgroup_matrix<B, 8, 8> b, SM_SITE) {
    simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<D, 8, 8>((D)0), site);
}

} // namespace metal
