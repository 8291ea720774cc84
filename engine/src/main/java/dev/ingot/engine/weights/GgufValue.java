package dev.ingot.engine.weights;

/// The type of a value in a GGUF file's metadata, by its number in the file.
enum GgufValue {
    U8(1),
    I8(1),
    U16(2),
    I16(2),
    U32(4),
    I32(4),
    F32(4),
    BOOL(1),
    STRING(8), // at least: its length
    ARRAY(12), // at least: the elements' type and count
    U64(8),
    I64(8),
    F64(8);

    private static final GgufValue[] BY_ID = values();

    private final int minBytes;

    GgufValue(int minBytes) {
        this.minBytes = minBytes;
    }

    /// Bytes of a value, or of the part of it that is always there.
    int minBytes() {
        return minBytes;
    }

    boolean isFixed() {
        return this != STRING && this != ARRAY;
    }

    static boolean isKnown(int id) {
        return id >= 0 && id < BY_ID.length;
    }

    static GgufValue of(int id) {
        return BY_ID[id];
    }
}
