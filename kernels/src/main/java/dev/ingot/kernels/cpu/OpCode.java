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
    READ(11),
    LAYER_NORM(32),
    MAP(33),
    GATE(34),
    ADD(35),
    ADD_ROWS(36),
    MOE_ROUTE(37),
    MOE_GROUP(38),
    MOE_MATMUL(39),
    MOE_COMBINE(40),
    TOP_K(42),
    PROCESS_LOGITS(43),
    SAMPLE(44),
    SOFTMAX_SUMS(45),
    FEED_SAMPLED(46),
    MATMUL_SWIGLU(47),
    COPY_BLOCKS(48);

    private final int code;

    OpCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static OpCode of(int code) {
        for (var op : values()) {
            if (op.code == code) {
                return op;
            }
        }
        throw new IllegalArgumentException("no op " + code);
    }
}
