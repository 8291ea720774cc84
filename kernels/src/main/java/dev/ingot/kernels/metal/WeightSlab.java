package dev.ingot.kernels.metal;

/// Rows of a matrix that are stored alike: each source of a stacked matrix is a slab of its own, so that
/// it can stay where its file is mapped.
///
/// @param rows of output features
/// @param firstRow where they begin in what the slices hold: an expert's lie among those of others
/// @param levels the weights, `format.kind().rowBytes(in)` a row
/// @param scales of each group; anything for a dense format
/// @param biases of each group; anything where none are stored
record WeightSlab(
        WeightFormat format,
        int rows,
        int in,
        int firstRow,
        MetalSlice levels,
        MetalSlice scales,
        MetalSlice biases) {
    long levelBytes() {
        return rows * format.kind().rowBytes(in);
    }

    /// Bytes of the scales; as many again for biases.
    long scaleBytes() {
        return (long) rows * format.groups(in) * format.scale().bytes();
    }

    long bytes() {
        return levelBytes() + scaleBytes() * (format.hasBiases() ? 2 : 1);
    }
}
