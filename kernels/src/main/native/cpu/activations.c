/* Functions of one element, or of two: activations, gates, sums of rows. */
#include "kernels.h"
#include "tangent.h"

/* An item is a part of a row. */
enum { PART = 1024 };

static int32_t part_items(const ingot_op *op, const context *ctx, int32_t phase) {
    (void)ctx;
    return phase == 0 ? op->t[0].rows * divide_up(op->t[0].columns, PART) : 0;
}

typedef struct part {
    int32_t row, from, to;
} part;

INLINE part part_of(const ingot_op *op, int32_t item) {
    int32_t parts = divide_up(op->t[0].columns, PART), from = item % parts * PART;
    return (part){item / parts, from, min_int(from + PART, op->t[0].columns)};
}

/* x / (1 + e^-x), with the exponent scaled. */
INLINE vf silu(vf x, vf alpha) { return x / (vf_set1(1) + vf_exp(-(x * alpha))); }

/* (1 + tanh y) / 2 is 1 / (1 + e^-2y). */
INLINE vf gelu_tanh(vf x) {
    vf inner = vf_fma(x * x * x, vf_set1(0.044715f), x) * vf_set1(1.5957691216f); /* 2 sqrt(2/pi) */
    return x / (vf_set1(1) + vf_exp(-inner));
}

/* One lane after another: erfc keeps the small values left of zero, and nothing fast depends on it. */
INLINE vf gelu_exact(vf x) {
    float lane[LANES];
    vf_store(lane, x);
    for (int i = 0; i < LANES; i++) {
        lane[i] = (float)(0.5 * lane[i] * erfc(-0.70710678118654752440 * lane[i]));
    }
    return vf_load(lane);
}

/* ------------------------------------------------------------------ map */

INLINE vf mapped(int function, vf x, vf parameter) {
    switch (function) {
    case INGOT_MAP_RELU:
        return vf_if_less(x, vf_set1(0), vf_set1(0), x);
    case INGOT_MAP_GELU:
        return gelu_exact(x);
    case INGOT_MAP_GELU_TANH:
        return gelu_tanh(x);
    case INGOT_MAP_SCALE:
        return x * parameter;
    default:
        return parameter * vf_tanh(x / parameter);
    }
}

/* `function` is a constant where this is inlined. */
INLINE void map_part(const ingot_op *op, int function, part p) {
    float *out = row_of(&op->t[0], p.row);
    const float *x = row_of(&op->t[1], p.row);
    vf parameter = vf_set1(op->scalar);
    for (int32_t i = p.from; i < p.to; i += LANES) {
        int count = min_int(p.to - i, LANES);
        vf_store_n(out + i, mapped(function, vf_load_n(x + i, count), parameter), count);
    }
}

static void map_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    part p = part_of(op, item);
    switch (op->count) {
    case INGOT_MAP_RELU:
        map_part(op, INGOT_MAP_RELU, p);
        break;
    case INGOT_MAP_GELU:
        map_part(op, INGOT_MAP_GELU, p);
        break;
    case INGOT_MAP_GELU_TANH:
        map_part(op, INGOT_MAP_GELU_TANH, p);
        break;
    case INGOT_MAP_SCALE:
        map_part(op, INGOT_MAP_SCALE, p);
        break;
    case INGOT_MAP_SOFTCAP:
        map_part(op, INGOT_MAP_SOFTCAP, p);
        break;
    default:
        fail(ctx, INGOT_BAD_OP, op_index, 0, op->count, INGOT_MAP_SOFTCAP + 1);
    }
}

static int64_t part_work(const ingot_op *op) { return elements_of(&op->t[0]) / 2; }

const kernel map_kernel = {part_items, map_run, part_work};

/* ------------------------------------------------------------------ gate */

INLINE vf gated(int function, vf gate, vf up, vf limit, vf alpha) {
    switch (function) {
    case INGOT_GATE_GELU:
        return gelu_exact(gate) * up;
    case INGOT_GATE_GELU_TANH:
        return gelu_tanh(gate) * up;
    default:
        gate = vf_if_less(limit, gate, limit, gate);
        up = vf_if_less(limit, up, limit, up);
        up = vf_if_less(up, -limit, -limit, up);
        return silu(gate, alpha) * (up + vf_set1(1));
    }
}

INLINE void gate_part(const ingot_op *op, int function, part p) {
    float *out = row_of(&op->t[0], p.row);
    const float *gate = row_of(&op->t[1], p.row), *up = gate + op->t[0].columns;
    vf limit = vf_set1(op->limit), alpha = vf_set1(op->scalar);
    for (int32_t i = p.from; i < p.to; i += LANES) {
        int count = min_int(p.to - i, LANES);
        vf y = gated(function, vf_load_n(gate + i, count), vf_load_n(up + i, count), limit, alpha);
        vf_store_n(out + i, y, count);
    }
}

static void gate_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    part p = part_of(op, item);
    switch (op->count) {
    case INGOT_GATE_GELU:
        gate_part(op, INGOT_GATE_GELU, p);
        break;
    case INGOT_GATE_GELU_TANH:
        gate_part(op, INGOT_GATE_GELU_TANH, p);
        break;
    case INGOT_GATE_CLAMPED_SILU:
        gate_part(op, INGOT_GATE_CLAMPED_SILU, p);
        break;
    default:
        fail(ctx, INGOT_BAD_OP, op_index, 0, op->count, INGOT_GATE_CLAMPED_SILU + 1);
    }
}

const kernel gate_kernel = {part_items, gate_run, part_work};

/* ------------------------------------------------------------------ sums */

INLINE void add_part(float *out, const float *x, part p) {
    for (int32_t i = p.from; i < p.to; i += LANES) {
        int count = min_int(p.to - i, LANES);
        vf_store_n(out + i, vf_load_n(out + i, count) + vf_load_n(x + i, count), count);
    }
}

static void add_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)ctx, (void)phase, (void)op_index;
    part p = part_of(op, item);
    add_part(row_of(&op->t[0], p.row), row_of(&op->t[1], p.row), p);
}

const kernel add_kernel = {part_items, add_run, part_work};

static void add_rows_run(const ingot_op *op, context *ctx, int32_t phase, int32_t item, int32_t op_index) {
    (void)phase;
    part p = part_of(op, item);
    int32_t row = int_at(&op->t[2], p.row);
    if (row < 0 || row >= op->t[1].rows) {
        fail(ctx, INGOT_BAD_ROW, op_index, p.row, row, op->t[1].rows);
        return;
    }
    add_part(row_of(&op->t[0], p.row), row_of(&op->t[1], row), p);
}

const kernel add_rows_kernel = {part_items, add_rows_run, part_work};
