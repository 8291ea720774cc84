package dev.ingot.kernels.cpu;

/// `INGOT_OP_…`: the header's op codes.
enum OpCode {
    PACK(0),
    EMBED(1),
    RMS_NORM(2),
    MATMUL(3),
    MATMUL_ADD(4),
    ROPE(5),
    STORE_KV(6),
    ATTENTION(7),
    SWIGLU(8),
    GATHER_ROWS(9),
    ARGMAX(10),
    READ(11);

    private final int code;

    OpCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
