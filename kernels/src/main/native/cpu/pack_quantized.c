/*
 * Quantized weights from the layouts of files into panels (quants.h), and rows out of them again.
 *
 * Every source is the same thing written differently: levels of at most 8 bits, and for each group of
 * neighbours a scale and a bias. They are copied value for value: a panel's scales have a format that
 * holds the source's exactly. Only INGOT_FROM_DENSE computes: it quantizes.
 */
#include "quants.h"
#include "pack.h"

enum { UNIT = 256 }; /* inputs decoded at a time: the longest block of a source */

/* A stretch of one row: its levels, and scale and bias of each group of the destination's size. */
typedef struct unit {
    uint8_t level[UNIT];
    float scale[UNIT / 16];
    float bias[UNIT / 16];
} unit;

int quantized_is_sound(const ingot_matrix *m) {
    int group = m->group == 16 || m->group == 32 || m->group == MAX_GROUP;
    int scale = m->scale_format >= INGOT_F32 && m->scale_format <= INGOT_BF16;
    int levels = m->levels == INGOT_LINEAR || (m->levels == INGOT_E2M1 && m->format == INGOT_Q4);
    return group && scale && levels && m->in % m->group == 0 && m->zero >= -1 && m->zero <= 128;
}

int64_t quantized_bytes(const ingot_matrix *m) {
    return ((int64_t)m->out + PANEL_ROWS - 1) / PANEL_ROWS * (m->in / m->group) * group_bytes(m);
}

/* ------------------------------------------------------------------ sources */

static uint16_t read_u16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static float read_f16(const uint8_t *p) { return f16_to_f32(read_u16(p)); }

static float read_float(int32_t format, const uint8_t *data, int64_t index) {
    float f;
    switch (format) {
    case INGOT_F32:
        memcpy(&f, data + 4 * index, 4);
        return f;
    case INGOT_F16:
        return read_f16(data + 2 * index);
    default:
        return bf16_to_f32(read_u16(data + 2 * index));
    }
}

/* Half of 2^(e - 127), as the levels of E2M1 are twice the values. */
static float half_e8m0(uint8_t e) {
    if (e == 255) {
        return NAN;
    }
    return e >= 2 ? f32_from_bits((uint32_t)(e - 1) << 23) : f32_from_bits(0x00200000u << e);
}

static void symmetric(unit *u, int32_t group, float scale, int32_t zero) {
    u->scale[group] = scale;
    u->bias[group] = -scale * (float)zero;
}

/* MLX's affine mode: a little-endian stream of `bits` bits, scales and biases of `source_group` inputs each. */
static void from_affine(const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u) {
    const ingot_tensor *words = &op->t[0], *scales = &op->t[1], *biases = &op->t[2];
    int32_t bits = words->columns, group = op->matrix.group, shared = op->matrix.in / (int32_t)scales->stride;
    const uint8_t *data = (const uint8_t *)words->data + row * words->stride;
    for (int32_t i = 0; i < n; i++) {
        int64_t at = (int64_t)(k0 + i) * bits;
        uint32_t both = data[at / 8];
        if (at % 8 + bits > 8) {
            both |= (uint32_t)data[at / 8 + 1] << 8;
        }
        u->level[i] = (uint8_t)(both >> at % 8 & ((1u << bits) - 1));
    }
    for (int32_t g = 0; g < n / group; g++) {
        int64_t index = row * scales->stride + (k0 + g * group) / shared;
        u->scale[g] = read_float(scales->columns, scales->data, index);
        u->bias[g] = read_float(biases->columns, biases->data, index);
    }
}

/* MLX's mxfp4 mode: two levels a byte, the lower half first; a scale of 8 bits for every 32. */
static void from_mxfp4(const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u) {
    const uint8_t *data = (const uint8_t *)op->t[0].data + row * op->t[0].stride;
    const uint8_t *scales = (const uint8_t *)op->t[1].data + row * op->t[1].stride;
    for (int32_t i = 0; i < n; i++) {
        u->level[i] = data[(k0 + i) / 2] >> 4 * (i % 2) & 15;
    }
    for (int32_t g = 0; g < n / op->matrix.group; g++) {
        symmetric(u, g, half_e8m0(scales[(k0 + g * op->matrix.group) / 32]), E2M1_ZERO);
    }
}

/* Blocks of 32 in GGML's files: the lower halves of 16 bytes, then the upper. */
static void halves(const uint8_t *bytes, uint8_t *level) {
    for (int32_t j = 0; j < 16; j++) {
        level[j] = bytes[j] & 15;
        level[j + 16] = bytes[j] >> 4;
    }
}

static void q4_0_block(const uint8_t *b, uint8_t *level, float *scale) {
    *scale = read_f16(b);
    halves(b + 2, level);
}

static void q8_0_block(const uint8_t *b, uint8_t *level, float *scale) {
    *scale = read_f16(b);
    for (int32_t j = 0; j < 32; j++) {
        level[j] = (uint8_t)(b[2 + j] ^ 0x80); /* q + 128 */
    }
}

/* Five bits: 32 upper ones together, then the lower halves. */
static void five_bits(const uint8_t *b, uint8_t *level) {
    halves(b + 4, level);
    for (int32_t j = 0; j < 32; j++) {
        level[j] = (uint8_t)(level[j] | (b[j / 8] >> j % 8 & 1) << 4);
    }
}

static void q5_0_block(const uint8_t *b, uint8_t *level, float *scale) {
    *scale = read_f16(b);
    five_bits(b + 2, level);
}

/* IQ4's 16 steps, finer around zero, plus 127. */
enum { IQ4_ZERO = 127 };
static void iq4_levels(const uint8_t *nibbles, uint8_t *level) {
    static const uint8_t steps[16] = {0, 23, 44, 62, 78, 92, 105, 117, 128, 140, 152, 165, 180, 196, 216, 240};
    halves(nibbles, level);
    for (int32_t j = 0; j < 32; j++) {
        level[j] = steps[level[j]];
    }
}

static void iq4_nl_block(const uint8_t *b, uint8_t *level, float *scale) {
    *scale = read_f16(b);
    iq4_levels(b + 2, level);
}

static void mxfp4_block(const uint8_t *b, uint8_t *level, float *scale) {
    *scale = half_e8m0(b[0]);
    halves(b + 1, level);
}

/* Blocks of 32 with one scale: q * scale, the level of 0 being `zero`. */
static void from_simple_blocks(
    const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u, int32_t bytes, int32_t zero,
    void (*block)(const uint8_t *, uint8_t *, float *)) {
    const uint8_t *b = (const uint8_t *)op->t[0].data + row * op->t[0].stride + (int64_t)k0 / 32 * bytes;
    int32_t groups = 32 / op->matrix.group;
    for (int32_t i = 0; i < n / 32; i++, b += bytes) {
        float scale;
        block(b, u->level + 32 * i, &scale);
        for (int32_t g = 0; g < groups; g++) {
            symmetric(u, i * groups + g, scale, zero);
        }
    }
}

/* Blocks of 32 with a scale and a bias before the levels. */
static void from_biased_blocks(
    const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u, int32_t bytes,
    void (*levels)(const uint8_t *, uint8_t *)) {
    const uint8_t *b = (const uint8_t *)op->t[0].data + row * op->t[0].stride + (int64_t)k0 / 32 * bytes;
    int32_t groups = 32 / op->matrix.group;
    for (int32_t i = 0; i < n / 32; i++, b += bytes) {
        levels(b + 4, u->level + 32 * i);
        for (int32_t g = 0; g < groups; g++) {
            u->scale[i * groups + g] = read_f16(b);
            u->bias[i * groups + g] = read_f16(b + 2);
        }
    }
}

static const uint8_t *k_block(const ingot_op *op, int64_t row, int32_t k0, int32_t bytes) {
    return (const uint8_t *)op->t[0].data + row * op->t[0].stride + (int64_t)k0 / 256 * bytes;
}

/* Q4_K and Q5_K: d, dmin, 12 bytes of scales and minima of 6 bits; Q5_K's upper bits; 128 bytes of halves. */
static void from_q4_or_q5_k(const ingot_op *op, int64_t row, int32_t k0, unit *u, int five) {
    const uint8_t *b = k_block(op, row, k0, five ? 176 : 144);
    float d = read_f16(b), dmin = read_f16(b + 2);
    const uint8_t *packed = b + 4, *high = b + 16, *nibbles = five ? b + 48 : b + 16;
    int32_t groups = 32 / op->matrix.group;
    for (int32_t j = 0; j < 8; j++) {
        int32_t scale, minimum;
        if (j < 4) {
            scale = packed[j] & 63;
            minimum = packed[j + 4] & 63;
        } else {
            scale = (packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4;
            minimum = packed[j + 4] >> 4 | (packed[j] >> 6) << 4;
        }
        for (int32_t l = 0; l < 32; l++) {
            int32_t upper = five ? (high[l] >> j & 1) << 4 : 0;
            u->level[32 * j + l] = (uint8_t)((nibbles[32 * (j / 2) + l] >> 4 * (j % 2) & 15) | upper);
        }
        for (int32_t g = 0; g < groups; g++) {
            u->scale[j * groups + g] = d * (float)scale;
            u->bias[j * groups + g] = -(dmin * (float)minimum);
        }
    }
}

/* Where Q2_K and Q3_K keep two bits of input i: 32 bytes hold 128. */
static int32_t two_bits(const uint8_t *pairs, int32_t i) { return pairs[32 * (i / 128) + i % 32] >> 2 * (i / 32 % 4) & 3; }

/* 16 bytes of scale and minimum, 64 of levels, d, dmin. */
static void from_q2_k(const ingot_op *op, int64_t row, int32_t k0, unit *u) {
    const uint8_t *b = k_block(op, row, k0, 84);
    float d = read_f16(b + 80), dmin = read_f16(b + 82);
    for (int32_t i = 0; i < 256; i++) {
        u->level[i] = (uint8_t)two_bits(b + 16, i);
    }
    for (int32_t g = 0; g < 16; g++) {
        u->scale[g] = d * (float)(b[g] & 15);
        u->bias[g] = -(dmin * (float)(b[g] >> 4));
    }
}

/* 32 bytes of upper bits, 64 of levels, 12 of scales of 6 bits, d. */
static void from_q3_k(const ingot_op *op, int64_t row, int32_t k0, unit *u) {
    const uint8_t *b = k_block(op, row, k0, 110), *packed = b + 96;
    float d = read_f16(b + 108);
    for (int32_t i = 0; i < 256; i++) {
        u->level[i] = (uint8_t)(two_bits(b + 32, i) | (b[i % 32] >> i / 32 & 1) << 2);
    }
    for (int32_t g = 0; g < 16; g++) {
        int32_t scale = (packed[g % 8] >> 4 * (g / 8) & 15) | (packed[8 + g % 4] >> 2 * (g / 4) & 3) << 4;
        symmetric(u, g, d * (float)(scale - 32), 4);
    }
}

/* d, 2 bytes of upper bits of the scales, 4 of lower ones, 128 of levels. */
static void from_iq4_xs(const ingot_op *op, int64_t row, int32_t k0, unit *u) {
    const uint8_t *b = k_block(op, row, k0, 136);
    float d = read_f16(b);
    int32_t groups = 32 / op->matrix.group;
    for (int32_t j = 0; j < 8; j++) {
        int32_t scale = (b[4 + j / 2] >> 4 * (j % 2) & 15) | (read_u16(b + 2) >> 2 * j & 3) << 4;
        iq4_levels(b + 8 + 16 * j, u->level + 32 * j);
        for (int32_t g = 0; g < groups; g++) {
            symmetric(u, j * groups + g, d * (float)(scale - 32), IQ4_ZERO);
        }
    }
}

/* An unsigned float of 4 bits of exponent and 3 of mantissa, halved as E2M1's levels are twice the values. */
static float half_e4m3(uint8_t bits) {
    int32_t exponent = bits >> 3 & 15, mantissa = bits & 7;
    if ((bits & 0x7f) == 0x7f) {
        return 0; /* as ggml has it */
    }
    return exponent == 0 ? (float)mantissa * 0x1p-10f
                         : f32_from_bits((uint32_t)(exponent - 8 + 127) << 23) * (1 + (float)mantissa / 8);
}

/* Four times 16 values of E2M1, their scales first. */
static void from_nvfp4(const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u) {
    const uint8_t *b = (const uint8_t *)op->t[0].data + row * op->t[0].stride + (int64_t)k0 / 64 * 36;
    for (int32_t i = 0; i < n / 64; i++, b += 36) {
        for (int32_t s = 0; s < 4; s++) {
            symmetric(u, 4 * i + s, half_e4m3(b[s]), E2M1_ZERO);
            for (int32_t j = 0; j < 8; j++) {
                u->level[64 * i + 16 * s + j] = b[4 + 8 * s + j] & 15;
                u->level[64 * i + 16 * s + j + 8] = b[4 + 8 * s + j] >> 4;
            }
        }
    }
}

static void from_q6_k(const ingot_op *op, int64_t row, int32_t k0, unit *u) {
    const uint8_t *b = k_block(op, row, k0, 210);
    const uint8_t *low = b, *high = b + 128;
    const int8_t *scales = (const int8_t *)(b + 192);
    float d = read_f16(b + 208);
    for (int32_t i = 0; i < 256; i++) {
        int32_t half = i / 128, quarter = i / 32 % 4, l = i % 32;
        int32_t lower = low[64 * half + l + 32 * (quarter & 1)] >> (quarter < 2 ? 0 : 4) & 15;
        int32_t upper = high[32 * half + l] >> 2 * quarter & 3;
        u->level[i] = (uint8_t)(lower | upper << 4);
    }
    for (int32_t g = 0; g < 16; g++) {
        symmetric(u, g, d * (float)scales[g], 32);
    }
}

/* ------------------------------------------------------------------ quantizing */

static float as_stored(int32_t format, float f) {
    switch (format) {
    case INGOT_F32:
        return f;
    case INGOT_F16:
        return f16_to_f32(f32_to_f16(f));
    default:
        return bf16_to_f32(f32_to_bf16(f));
    }
}

/*
 * MLX's quantizer: the edge of the larger magnitude is met exactly, so is 0 nearly. Scale and bias are
 * rounded as they are stored before the levels are chosen, so that these make up for it.
 */
static void quantize_weights(const float *w, int32_t n, int32_t bits, int32_t format, uint8_t *level, float *scale, float *bias) {
    float low = w[0], high = w[0];
    for (int32_t i = 1; i < n; i++) {
        low = w[i] < low ? w[i] : low;
        high = w[i] > high ? w[i] : high;
    }
    float top = (float)((1 << bits) - 1);
    float s = (high - low) / top;
    s = s > 1e-7f ? s : 1e-7f;
    int low_is_edge = fabsf(low) > fabsf(high);
    float edge = low_is_edge ? low : high;
    s = low_is_edge ? s : -s;
    float q0 = rintf(edge / s);
    float b = 0;
    if (q0 != 0) {
        s = edge / q0;
        b = edge;
    }
    s = as_stored(format, s);
    b = as_stored(format, b);
    for (int32_t i = 0; i < n; i++) {
        float q = rintf((w[i] - b) / s);
        level[i] = (uint8_t)(q > 0 ? (q < top ? q : top) : 0);
    }
    *scale = s;
    *bias = b;
}

static void from_dense(const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u) {
    const ingot_tensor *source = &op->t[0];
    int32_t group = op->matrix.group, bits = op->matrix.format == INGOT_Q4 ? 4 : 8;
    for (int32_t g = 0; g < n / group; g++) {
        float w[MAX_GROUP] = {0};
        for (int32_t i = 0; i < group; i++) {
            w[i] = read_float(source->columns, source->data, row * source->stride + k0 + g * group + i);
        }
        quantize_weights(
            w, group, bits, op->matrix.scale_format, u->level + g * group, &u->scale[g], &u->bias[g]);
    }
}

/* Inputs that share a scale in the source; a destination's group must divide them. */
static int32_t source_group(const ingot_op *op) {
    switch (op->source) {
    case INGOT_FROM_AFFINE:
        return op->matrix.in / max_int((int32_t)op->t[1].stride, 1);
    case INGOT_FROM_DENSE:
        return op->matrix.group;
    case INGOT_FROM_GGML_Q2_K:
    case INGOT_FROM_GGML_Q3_K:
    case INGOT_FROM_GGML_Q6_K:
    case INGOT_FROM_GGML_NVFP4:
        return 16;
    default:
        return 32;
    }
}

/* 0 for a source that this library does not know, or that the matrix cannot hold. */
static int decode(const ingot_op *op, int64_t row, int32_t k0, int32_t n, unit *u) {
    if (source_group(op) % op->matrix.group != 0) {
        return 0;
    }
    switch (op->source) {
    case INGOT_FROM_AFFINE:
        from_affine(op, row, k0, n, u);
        return 1;
    case INGOT_FROM_MXFP4:
        from_mxfp4(op, row, k0, n, u);
        return 1;
    case INGOT_FROM_DENSE:
        from_dense(op, row, k0, n, u);
        return 1;
    case INGOT_FROM_GGML_Q4_0:
        from_simple_blocks(op, row, k0, n, u, 18, 8, q4_0_block);
        return 1;
    case INGOT_FROM_GGML_Q8_0:
        from_simple_blocks(op, row, k0, n, u, 34, 128, q8_0_block);
        return 1;
    case INGOT_FROM_GGML_MXFP4:
        from_simple_blocks(op, row, k0, n, u, 17, E2M1_ZERO, mxfp4_block);
        return 1;
    case INGOT_FROM_GGML_Q4_1:
        from_biased_blocks(op, row, k0, n, u, 20, halves);
        return 1;
    case INGOT_FROM_GGML_Q5_0:
        from_simple_blocks(op, row, k0, n, u, 22, 16, q5_0_block);
        return 1;
    case INGOT_FROM_GGML_Q5_1:
        from_biased_blocks(op, row, k0, n, u, 24, five_bits);
        return 1;
    case INGOT_FROM_GGML_IQ4_NL:
        from_simple_blocks(op, row, k0, n, u, 18, IQ4_ZERO, iq4_nl_block);
        return 1;
    case INGOT_FROM_GGML_NVFP4:
        from_nvfp4(op, row, k0, n, u);
        return 1;
    case INGOT_FROM_GGML_Q2_K:
        from_q2_k(op, row, k0, u);
        return 1;
    case INGOT_FROM_GGML_Q3_K:
        from_q3_k(op, row, k0, u);
        return 1;
    case INGOT_FROM_GGML_Q4_K:
        from_q4_or_q5_k(op, row, k0, u, 0);
        return 1;
    case INGOT_FROM_GGML_Q5_K:
        from_q4_or_q5_k(op, row, k0, u, 1);
        return 1;
    case INGOT_FROM_GGML_Q6_K:
        from_q6_k(op, row, k0, u);
        return 1;
    case INGOT_FROM_GGML_IQ4_XS:
        from_iq4_xs(op, row, k0, u);
        return 1;
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ into panels */

static void write_scale(int32_t format, char *p, int32_t row, float f) {
    switch (format) {
    case INGOT_F32:
        ((float *)p)[row] = f;
        break;
    case INGOT_F16:
        ((uint16_t *)p)[row] = f32_to_f16(f);
        break;
    default:
        ((uint16_t *)p)[row] = f32_to_bf16(f);
    }
}

static void write_unit(const ingot_matrix *m, int64_t panel, int32_t row, int32_t k0, int32_t n, const unit *u) {
    for (int32_t g = 0; g < n / m->group; g++) {
        char *group = group_of(m, panel, k0 / m->group + g);
        write_scale(m->scale_format, group, row, u->scale[g]);
        if (m->zero < 0) {
            write_scale(m->scale_format, group + scales_bytes(m), row, u->bias[g]);
        }
        uint8_t *levels = (uint8_t *)group + levels_at(m);
        for (int32_t k = 0; k < m->group; k++) {
            int32_t at = level_byte(m->format, row, k);
            int32_t shift = m->format == INGOT_Q4 && k % Q4_STEP >= 4 ? 4 : 0;
            levels[at] = (uint8_t)(levels[at] | u->level[g * m->group + k] << shift);
        }
    }
}

int quantized_pack(const ingot_op *op, int64_t panel, int32_t from, int32_t to) {
    const ingot_matrix *m = &op->matrix;
    for (int32_t k0 = 0; k0 < m->in; k0 += UNIT) {
        int32_t n = min_int(UNIT, m->in - k0);
        for (int32_t row = from; row < to; row++) {
            unit u;
            if (!decode(op, row - op->count, k0, n, &u)) {
                return 0;
            }
            write_unit(m, panel, (int32_t)(row - panel * PANEL_ROWS), k0, n, &u);
        }
    }
    return 1;
}

/* ------------------------------------------------------------------ out of panels */

/* Each weight the float nearest to scale * level + bias. */
void quantized_row(const ingot_matrix *m, int32_t row, float *out) {
    int32_t in_panel = row % PANEL_ROWS;
    for (int32_t g = 0; g < m->in / m->group; g++) {
        const char *group = group_of(m, row / PANEL_ROWS, g);
        const uint8_t *levels = (const uint8_t *)group + levels_at(m);
        double scale = load_scale(m->scale_format, group, in_panel);
        double bias =
            m->zero < 0 ? load_scale(m->scale_format, group + scales_bytes(m), in_panel) : -scale * m->zero;
        for (int32_t k = 0; k < m->group; k++) {
            uint8_t byte = levels[level_byte(m->format, in_panel, k)];
            if (m->format == INGOT_Q4) {
                byte = level_tables[m->levels][k % Q4_STEP >= 4 ? byte >> 4 : byte & 15];
            }
            *out++ = (float)(scale * byte + bias);
        }
    }
}
