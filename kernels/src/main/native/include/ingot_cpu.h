/*
 * The CPU device: C kernels behind one narrow door.
 *
 * A step is an array of ingot_op in memory of the caller's. ingot_run() walks it once: a fixed team of
 * threads shares the work of one op, and whoever finishes it goes on to the next. Nothing here allocates
 * during a step, calls back, throws or aborts: every function answers with a status.
 *
 * The same sources are compiled once per variant (portable, avx2, avx512, neon) into a library each;
 * the layout of packed weights belongs to the variant, so memory packed by one is noise to another.
 *
 * Bit for bit: the value of an output row depends on the row's inputs, the shape of the weights and
 * absolute positions, never on the number of rows, of threads, or of the blocks' places in memory.
 */
#ifndef INGOT_CPU_H
#define INGOT_CPU_H

#include <stdint.h>

#if defined(__GNUC__)
#define INGOT_API __attribute__((visibility("default")))
#else
#error "the kernels need GCC or Clang"
#endif

/* ------------------------------------------------------------------ version */

/* Changes whenever a struct or a meaning below does; the host refuses a library of another number. */
#define INGOT_ABI_VERSION 6

/* Changes whenever a kernel's arithmetic does: part of the numeric class. */
#define INGOT_KERNELS_VERSION 3

INGOT_API int32_t ingot_abi_version(void);
INGOT_API int32_t ingot_kernels_version(void);

/* The size of a struct as this library sees it; 0 for an unknown one. */
enum { INGOT_STRUCT_OP = 0, INGOT_STRUCT_TENSOR = 1, INGOT_STRUCT_FAILURE = 2 };
INGOT_API int64_t ingot_sizeof(int32_t which);

/* ------------------------------------------------------------------ status codes */

enum {
    INGOT_OK = 0,
    INGOT_NO_MEMORY = 1,      /* an allocation failed */
    INGOT_NO_THREAD = 2,      /* the system would not start a thread */
    INGOT_BAD_OP = 3,         /* an op code or a format that this library does not know */
    INGOT_BAD_TOKEN = 4,      /* embed: an id outside the table */
    INGOT_BAD_ROW = 5,        /* gather: a row outside the tensor */
    INGOT_BAD_SLOT = 6,       /* store KV: a slot outside the cache */
    INGOT_BAD_BLOCK = 7,      /* attention, copy: a block outside the cache */
    INGOT_BAD_POSITION = 8,   /* attention: a position outside its sequence or its block table */
    INGOT_BAD_QUERY_START = 9, /* attention: query starts that descend or leave the batch */
    INGOT_BAD_EXPERT = 10      /* experts: an id, a start or a place outside its range */
};

/* Why a step failed: the first fault found. Nothing outside the given memory was read or written. */
typedef struct ingot_failure {
    int32_t status;
    int32_t op;    /* index into the step */
    int64_t row;   /* row of the op's input that held the value */
    int64_t value; /* what was found */
    int64_t limit; /* what it had to be below */
} ingot_failure;

/* ------------------------------------------------------------------ memory */

/*
 * Zero-filled memory, aligned to 64 bytes; large areas are aligned to and advised for huge pages, and come
 * page by page as they are first touched.
 * The caller owns *out and gives it back with ingot_free(), which takes NULL too.
 */
INGOT_API int32_t ingot_allocate(int64_t bytes, void **out);
INGOT_API void ingot_free(void *memory);

/* Elements past the end of a KV cache that kernels may read (never write), so that vectors need no tail. */
INGOT_API int32_t ingot_cache_slack(void);

/* ------------------------------------------------------------------ steps */

/*
 * How an element is stored. Q4 and Q8 are weights only: scale * level + bias, with a level of 4 or 8 bits
 * and a scale and bias for every group of neighbouring inputs. I8 is K and V only: scale * integer, with a
 * scale for every position's head.
 */
enum { INGOT_F32 = 0, INGOT_F16 = 1, INGOT_BF16 = 2, INGOT_Q4 = 3, INGOT_Q8 = 4, INGOT_I8 = 5, INGOT_FORMATS = 6 };

/* What the 16 levels of Q4 stand for: 0..15, or the values of the 4-bit float E2M1. */
enum { INGOT_LINEAR = 0, INGOT_E2M1 = 1 };

/* rows x columns, rows `stride` elements apart. Floats, or int32 where an op says so. */
typedef struct ingot_tensor {
    void *data;
    int64_t stride;
    int32_t rows;
    int32_t columns;
} ingot_tensor;

/* Weights [out, in], packed by INGOT_OP_PACK. What follows `in` is read for Q4 and Q8 only. */
typedef struct ingot_matrix {
    void *data;
    int32_t format;
    int32_t out;
    int32_t in;
    int32_t group;        /* inputs that share a scale: 16, 32 or 64; divides `in` */
    int32_t scale_format; /* of scales and biases: F32, F16 or BF16 */
    int32_t zero;         /* bias = -zero * scale; -1 where biases are stored */
    int32_t levels;       /* INGOT_LINEAR or INGOT_E2M1 */
    int32_t reserved;
} ingot_matrix;

/* Bytes that a matrix takes once it is packed; -1 if it is none that this library knows. */
INGOT_API int64_t ingot_matrix_bytes(const ingot_matrix *matrix);

/*
 * Where the weights of an INGOT_OP_PACK into Q4 or Q8 come from; data need not be aligned.
 *
 *   AFFINE   MLX. t[0]: levels, columns = their bits, stride = bytes of a row; t[1], t[2]: scales and
 *            biases, columns = their format, stride = groups of a row
 *   MXFP4    MLX. t[0]: levels, stride = bytes of a row; t[1]: exponents, stride = those of a row
 *   DENSE    t[0]: floats, columns = their format, stride = elements of a row; quantized here
 *   GGML_*   t[0]: blocks, stride = bytes of a row
 */
enum {
    INGOT_FROM_AFFINE = 0,
    INGOT_FROM_MXFP4 = 1,
    INGOT_FROM_DENSE = 2,
    INGOT_FROM_GGML_Q4_0 = 3,
    INGOT_FROM_GGML_Q8_0 = 4,
    INGOT_FROM_GGML_Q4_K = 5,
    INGOT_FROM_GGML_Q6_K = 6,
    INGOT_FROM_GGML_MXFP4 = 7,
    INGOT_FROM_GGML_Q4_1 = 8,
    INGOT_FROM_GGML_Q5_0 = 9,
    INGOT_FROM_GGML_Q5_1 = 10,
    INGOT_FROM_GGML_Q5_K = 11,
    INGOT_FROM_GGML_Q2_K = 12,
    INGOT_FROM_GGML_Q3_K = 13,
    INGOT_FROM_GGML_IQ4_NL = 14,
    INGOT_FROM_GGML_IQ4_XS = 15,
    INGOT_FROM_GGML_NVFP4 = 16,
    INGOT_SOURCES = 17
};

/*
 * One layer of a paged cache. Per block and head: K as [headDim][blockSize] (a vector holds
 * neighbouring positions), then V as [blockSize][headDim] (a vector holds neighbouring elements); then,
 * for I8, the positions' scales of K and those of V, as F32.
 */
typedef struct ingot_cache {
    void *data;
    int32_t format; /* INGOT_F32, INGOT_F16, INGOT_BF16 or INGOT_I8 */
    int32_t kv_heads;
    int32_t head_dim; /* at most INGOT_MAX_HEAD_DIM */
    int32_t block_size;
    int32_t block_count;
    int32_t reserved;
} ingot_cache;

enum { INGOT_MAX_HEAD_DIM = 512 };

/*
 * What each op reads; t[i] are its tensors in this order. Shapes were checked by the caller, the
 * integers inside tensors are checked here.
 */
enum {
    INGOT_OP_PACK = 0,         /* matrix, count = first row; t: source rows (format's elements), or as
                                  `source` says where the matrix is Q4 or Q8 */
    INGOT_OP_EMBED = 1,        /* matrix, t: out, ids */
    INGOT_OP_RMS_NORM = 2,     /* scalar = epsilon, count = groups in a row; t: out, x, weight */
    INGOT_OP_MATMUL = 3,       /* matrix, t: out, x, bias (data NULL: none) */
    INGOT_OP_MATMUL_ADD = 4,   /* the same, added to out */
    INGOT_OP_ROPE = 5,         /* count = head dim, scalar = magnitude; t: x, positions, inverse
                                  frequencies: twice as many elements of a head are turned */
    INGOT_OP_STORE_KV = 6,     /* cache, t: k, v, slots */
    INGOT_OP_ATTENTION = 7,    /* cache, scalar = scale, count = window (0: none), limit = soft cap
                                  (0: none); t: out, q, positions, query starts, sequence lengths,
                                  block tables, sinks (data NULL: none) */
    INGOT_OP_SWIGLU = 8,       /* t: out, gate and up */
    INGOT_OP_GATHER_ROWS = 9,  /* t: out, x, rows */
    INGOT_OP_ARGMAX = 10,      /* t: out (int32), x */
    INGOT_OP_READ = 11,        /* t: out [1, 1], x: adds up x as fast as memory gives it (calibration) */
    INGOT_OP_LAYER_NORM = 32,  /* scalar = epsilon; t: out, x, weight, bias (data NULL: none) */
    INGOT_OP_MAP = 33,         /* count = INGOT_MAP_..., scalar = its parameter; t: out, x */
    INGOT_OP_GATE = 34,        /* count = INGOT_GATE_..., scalar and limit = its parameters; t: out,
                                  gate and up */
    INGOT_OP_ADD = 35,         /* t: out, x */
    INGOT_OP_ADD_ROWS = 36,    /* t: out, table, rows */
    INGOT_OP_MOE_ROUTE = 37,   /* count = 1 if weights are normalized; t: ids, weights, logits */
    INGOT_OP_MOE_GROUP = 38,   /* t: starts, sources, places, ids */
    INGOT_OP_MOE_MATMUL = 39,  /* matrix.data = count matrices; t: out, x, starts, biases (data NULL) */
    INGOT_OP_MOE_COMBINE = 40, /* t: out, y, places, weights */
    INGOT_OP_TOP_K = 42,       /* t: ids, values, x; INGOT_MAX_TOP_K columns of ids at most */
    INGOT_OP_PROCESS_LOGITS = 43, /* t: x, row starts (one more than rows), tokens, amounts (bias,
                                  repetition, frequency, presence), what x was before */
    INGOT_OP_SAMPLE = 44,      /* t: out (int32), x (at most 2^22 columns), draws (int32, 6 columns: scale's
                                  bits, reach, top k, top p, random's lower and upper half) */
    INGOT_OP_SOFTMAX_SUMS = 45, /* t: sums (int32, 3 columns: the largest's bits, the sum's lower and upper
                                  half), x (at most 2^22 columns) */
    INGOT_OP_FEED_SAMPLED = 46, /* t: ids (int32), sampled (int32), rows (int32; below 0: the id stays) */
    INGOT_OP_MATMUL_SWIGLU = 47, /* MATMUL, then SWIGLU: out has half of the matrix's rows, a multiple of
                                    INGOT_SWIGLU_MULTIPLE; t: out, x, bias (data NULL: none) */
    INGOT_OP_COPY_BLOCKS = 48, /* cache = the first layer, count = layers, one behind the other; t: pairs
                                  of a source and a target block */
    INGOT_OPS = 49
};

/* Functions of one element. */
enum {
    INGOT_MAP_RELU = 0,
    INGOT_MAP_GELU = 1,
    INGOT_MAP_GELU_TANH = 2,
    INGOT_MAP_SCALE = 3,  /* scalar = the factor */
    INGOT_MAP_SOFTCAP = 4 /* scalar = the cap */
};

/* Functions of a gate and what it gates. */
enum {
    INGOT_GATE_GELU = 0,
    INGOT_GATE_GELU_TANH = 1,
    INGOT_GATE_CLAMPED_SILU = 2 /* limit; scalar = alpha */
};

enum { INGOT_SWIGLU_MULTIPLE = 64 };

enum { INGOT_MAX_EXPERTS = 1024, INGOT_MAX_TOP_K = 64 };

enum { INGOT_MAX_TENSORS = 7 };

typedef struct ingot_op {
    int32_t code;
    float scalar;
    int32_t count;
    int32_t source; /* INGOT_FROM_..., of a PACK */
    float limit;
    union {
        ingot_matrix matrix;
        ingot_cache cache;
    };
    ingot_tensor t[INGOT_MAX_TENSORS];
} ingot_op;

/* ------------------------------------------------------------------ the team */

/*
 * `threads` threads, the caller of ingot_run() included. The others are never known to the caller's
 * runtime and sleep between steps. Owned by the caller until ingot_team_close(), which ends them.
 */
typedef struct ingot_team ingot_team;

INGOT_API int32_t ingot_team_open(int32_t threads, ingot_team **out);
INGOT_API void ingot_team_close(ingot_team *team);

/*
 * Runs the step and returns when all of it is done. One call at a time per team. On a status other
 * than INGOT_OK, *failure says why and the step's results are undefined.
 */
INGOT_API int32_t ingot_run(ingot_team *team, const ingot_op *ops, int32_t count, ingot_failure *failure);

/*
 * From the next step on, adds the nanoseconds between the end of the op before and its own to nanos[i] for
 * op i of a step; NULL: no longer. For measuring: the clock is read once more for each op.
 */
INGOT_API void ingot_profile(ingot_team *team, int64_t *nanos);

#endif
