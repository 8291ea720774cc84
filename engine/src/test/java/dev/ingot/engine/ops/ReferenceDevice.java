package dev.ingot.engine.ops;

import dev.ingot.engine.weights.HostTensor;
import dev.ingot.engine.weights.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A whole [Device] in plain Java, as slow and as plain as [ReferenceOps]: the truth in tests.
///
/// - Activations are `F32` in memory; everything between a load and a store is in double precision.
/// - A commit runs everything before it returns.
/// - It is strict where real devices are undefined: KV memory holds NaN until it is written, memory
///   that an op may not alias is an error, and an index outside of its table (token, slot, block, row)
///   fails the command buffer with `PAGE_FAULT`.
public final class ReferenceDevice implements Device {
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BITS16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena = Arena.ofShared();
    private final long workingSetBytes;
    private long usedBytes;
    private @Nullable ReferenceCommandBuffer open;

    public ReferenceDevice() {
        this(Long.MAX_VALUE);
    }

    /// @param workingSetBytes allocations past this sum fail with `OUT_OF_MEMORY`
    public ReferenceDevice(long workingSetBytes) {
        this.workingSetBytes = workingSetBytes;
    }

    @Override
    public DeviceInfo info() {
        return new DeviceInfo(
                "reference", "plain Java", "double", 1, workingSetBytes, "reference-double");
    }

    @Override
    public DeviceBuffer allocate(String label, long bytes) {
        reserve(label, bytes);
        return new ReferenceBuffer(bytes, arena.allocate(bytes, 64));
    }

    @Override
    public Matrix matrix(String label, List<? extends WeightSource> rowParts) {
        if (rowParts.isEmpty()) {
            throw new IllegalArgumentException(label + ": no parts");
        }
        var first = rowParts.getFirst();
        long out = 0;
        for (var part : rowParts) {
            if (!stacks(part, first)) {
                throw new IllegalArgumentException(
                        label + ": " + part.name() + " does not stack on " + first.name());
            }
            out += part.out();
        }
        int in = first.in();
        float[] values = new float[Math.toIntExact(out * in)];
        int at = 0;
        for (var part : rowParts) {
            float[] decoded = Dequantized.floats(part);
            System.arraycopy(decoded, 0, values, at, decoded.length);
            at += decoded.length;
        }
        long bytes =
                first instanceof HostTensor tensor
                        ? tensor.dtype().bytes(out * in)
                        : DType.F32.bytes(out * in);
        reserve(label, bytes);
        return new ReferenceMatrix(Math.toIntExact(out), in, bytes, values);
    }

    private static boolean stacks(WeightSource part, WeightSource first) {
        boolean alike =
                part instanceof HostTensor tensor
                        ? tensor.shape().size() == 2
                                && first instanceof HostTensor other
                                && tensor.dtype() == other.dtype()
                        : !(first instanceof HostTensor);
        return alike && part.in() == first.in();
    }

    @Override
    public Tensor vector(String label, float[] values) {
        var tensor = Tensor.allocate(this, label, DType.F32, 1, values.length);
        MemorySegment.copy(values, 0, tensor.contents(), F32, 0, values.length);
        return tensor;
    }

    @Override
    public KvCache kvCache(KvGeometry geometry) {
        reserve("KV cache", geometry.bytes());
        return new ReferenceKvCache(geometry);
    }

    @Override
    public CommandBuffer commandBuffer() {
        if (open != null) {
            throw new IllegalStateException("a command buffer is still open");
        }
        var buffer = new ReferenceCommandBuffer();
        open = buffer;
        return buffer;
    }

    @Override
    public void close() {
        arena.close();
    }

    /// Bytes of everything that was allocated here so far: buffers, matrices as they are stored, KV.
    public long usedBytes() {
        return usedBytes;
    }

    private void reserve(String label, long bytes) {
        if (bytes > workingSetBytes - usedBytes) {
            throw new DeviceException(
                    DeviceException.Kind.OUT_OF_MEMORY,
                    label + ": " + bytes + " bytes of " + (workingSetBytes - usedBytes) + " left");
        }
        usedBytes += bytes;
    }

    /// Every element of a weight tensor as the `float` that it stands for exactly.
    public static float[] decode(HostTensor tensor) {
        var data = tensor.data();
        float[] values =
                new float[Math.toIntExact(data.byteSize() * Byte.SIZE / tensor.dtype().bits())];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (tensor.dtype()) {
                        case F32 -> data.get(F32, 4L * i);
                        case F16 -> Float.float16ToFloat(data.get(BITS16, 2L * i));
                        case BF16 -> ReferenceOps.bf16ToFloat(data.get(BITS16, 2L * i));
                        case I32, I8 ->
                                throw new IllegalArgumentException(tensor.name() + ": no weight");
                    };
        }
        return values;
    }

    private record ReferenceBuffer(long bytes, MemorySegment contents) implements DeviceBuffer {}

    private static final class ReferenceMatrix implements Matrix {
        private final int out;
        private final int in;
        private final long bytes;
        private final float[] values;

        ReferenceMatrix(int out, int in, long bytes, float[] values) {
            this.out = out;
            this.in = in;
            this.bytes = bytes;
            this.values = values;
        }

        @Override
        public int out() {
            return out;
        }

        @Override
        public int in() {
            return in;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        float[] row(int index) {
            return Arrays.copyOfRange(values, index * in, (index + 1) * in);
        }
    }

    /// Per layer, `[slots, kvHeads, headDim]` of K and of V, rounded to the cache's dtype.
    private static final class ReferenceKvCache implements KvCache {
        private final KvGeometry geometry;
        private final float[][] keys;
        private final float[][] values;

        ReferenceKvCache(KvGeometry geometry) {
            this.geometry = geometry;
            int elements =
                    Math.toIntExact(geometry.positions() * geometry.kvHeads() * geometry.headDim());
            keys = new float[geometry.layers()][elements];
            values = new float[geometry.layers()][elements];
            for (int layer = 0; layer < geometry.layers(); layer++) {
                Arrays.fill(keys[layer], Float.NaN);
                Arrays.fill(values[layer], Float.NaN);
            }
        }

        @Override
        public KvGeometry geometry() {
            return geometry;
        }

        int rowElements() {
            return geometry.kvHeads() * geometry.headDim();
        }

        void write(float[] cache, int slot, float[] row) {
            if (geometry.dtype() == DType.I8) {
                for (int from = 0; from < row.length; from += geometry.headDim()) {
                    writeI8(cache, slot * row.length, row, from);
                }
                return;
            }
            for (int i = 0; i < row.length; i++) {
                cache[slot * row.length + i] = ReferenceOps.rounded(row[i], geometry.dtype());
            }
        }

        /// One head: the largest magnitude becomes 127 of its scale.
        private void writeI8(float[] cache, int at, float[] row, int from) {
            float largest = 0;
            for (int i = from; i < from + geometry.headDim(); i++) {
                largest = Math.max(largest, Math.abs(row[i])); // NaN stays
            }
            boolean isFinite = Float.isFinite(largest);
            float inverse = isFinite && largest > 1e-30f ? 127f / largest : 0;
            float scale = isFinite ? largest / 127f : Float.NaN;
            for (int i = from; i < from + geometry.headDim(); i++) {
                double q = inverse == 0 ? 0 : Math.rint(row[i] * inverse);
                cache[at + i] = (float) (q * scale);
            }
        }

        float[] head(float[] cache, int slot, int kvHead) {
            int from = slot * rowElements() + kvHead * geometry.headDim();
            return Arrays.copyOfRange(cache, from, from + geometry.headDim());
        }
    }

    private final class ReferenceCommandBuffer implements CommandBuffer, Encoder {
        private final List<Runnable> ops = new ArrayList<>();
        private boolean committed;

        @Override
        public Encoder encoder() {
            return this;
        }

        @Override
        public void commit(Completion completion) {
            if (committed) {
                throw new IllegalStateException("this command buffer was committed before");
            }
            committed = true;
            open = null;
            try {
                ops.forEach(Runnable::run);
            } catch (DeviceException e) {
                completion.failed(e);
                return;
            }
            completion.completed();
        }

        private void record(Runnable op) {
            if (committed) {
                throw new IllegalStateException("this command buffer was committed before");
            }
            ops.add(op);
        }

        @Override
        public void embed(Tensor out, Matrix table, Tensor ids) {
            var weights = own(table);
            require(out, DType.F32, ids.rows(), weights.in(), "embed: out");
            require(ids, DType.I32, out.rows(), 1, "embed: ids");
            record(() -> {
                for (int t = 0; t < out.rows(); t++) {
                    int id = index(ids, t, 0, weights.out(), "token id");
                    store(out, t, weights.row(id));
                }
            });
        }

        @Override
        public void rmsNorm(Tensor out, Tensor x, Tensor weight, float epsilon) {
            require(x, DType.F32, out.rows(), out.columns(), "rmsNorm: x");
            require(out, DType.F32, x.rows(), x.columns(), "rmsNorm: out");
            require(weight, DType.F32, 1, x.columns(), "rmsNorm: weight");
            if (!out.equals(x)) {
                requireApart(out, x, "rmsNorm: out, x");
            }
            record(() -> {
                float[] w = load(weight, 0);
                for (int t = 0; t < x.rows(); t++) {
                    store(out, t, ReferenceOps.rmsNorm(load(x, t), w, epsilon));
                }
            });
        }

        @Override
        public void rmsNormHeads(Tensor x, Tensor weight, float epsilon) {
            int headDim = weight.columns();
            requireHeads(x, headDim, "rmsNormHeads: x");
            require(weight, DType.F32, 1, headDim, "rmsNormHeads: weight");
            record(() -> {
                float[] w = load(weight, 0);
                for (int from = 0; from < x.columns(); from += headDim) {
                    var head = x.columns(from, headDim);
                    for (int t = 0; t < x.rows(); t++) {
                        store(head, t, ReferenceOps.rmsNorm(load(head, t), w, epsilon));
                    }
                }
            });
        }

        @Override
        public void matmul(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
            project(out, x, w, bias, false, "matmul");
        }

        @Override
        public void matmulAdd(Tensor out, Tensor x, Matrix w, @Nullable Tensor bias) {
            project(out, x, w, bias, true, "matmulAdd");
        }

        private void project(
                Tensor out, Tensor x, Matrix w, @Nullable Tensor bias, boolean add, String op) {
            var weights = own(w);
            require(x, DType.F32, out.rows(), weights.in(), op + ": x");
            require(out, DType.F32, x.rows(), weights.out(), op + ": out");
            requireApart(out, x, op + ": out, x");
            if (bias != null) {
                require(bias, DType.F32, 1, weights.out(), op + ": bias");
                requireApart(out, bias, op + ": out, bias");
            }
            record(() -> {
                for (int t = 0; t < x.rows(); t++) {
                    double[] row = ReferenceOps.matmul(load(x, t), weights.values);
                    if (bias != null) {
                        add(row, load(bias, 0));
                    }
                    if (add) {
                        add(row, load(out, t));
                    }
                    store(out, t, row);
                }
            });
        }

        @Override
        public void rope(Tensor x, int headDim, Tensor positions, Tensor inverseFrequencies) {
            if (headDim <= 0 || headDim % 2 != 0) {
                throw new IllegalArgumentException("rope: headDim " + headDim + " is not even");
            }
            requireHeads(x, headDim, "rope: x");
            require(positions, DType.I32, x.rows(), 1, "rope: positions");
            require(inverseFrequencies, DType.F32, 1, headDim / 2, "rope: inverseFrequencies");
            record(() -> {
                float[] frequencies = load(inverseFrequencies, 0);
                for (int t = 0; t < x.rows(); t++) {
                    int position = index(positions, t, 0, Integer.MAX_VALUE, "position");
                    store(x, t, ReferenceOps.rope(load(x, t), headDim, position, frequencies));
                }
            });
        }

        @Override
        public void storeKv(KvCache cache, int layer, Tensor k, Tensor v, Tensor slotMapping) {
            var kv = own(cache, layer);
            require(k, DType.F32, slotMapping.rows(), kv.rowElements(), "storeKv: k");
            require(v, DType.F32, slotMapping.rows(), kv.rowElements(), "storeKv: v");
            require(slotMapping, DType.I32, k.rows(), 1, "storeKv: slotMapping");
            record(() -> {
                for (int t = 0; t < k.rows(); t++) {
                    int slot = index(slotMapping, t, 0, kv.geometry.positions(), "slot");
                    kv.write(kv.keys[layer], slot, load(k, t));
                    kv.write(kv.values[layer], slot, load(v, t));
                }
            });
        }

        @Override
        public void pagedAttention(
                Tensor out, Tensor q, KvCache cache, int layer, float scale, Batch batch) {
            var kv = own(cache, layer);
            int headDim = kv.geometry.headDim();
            requireHeads(q, headDim, "pagedAttention: q");
            require(q, DType.F32, batch.tokens(), q.columns(), "pagedAttention: q");
            require(out, DType.F32, batch.tokens(), q.columns(), "pagedAttention: out");
            requireApart(out, q, "pagedAttention: out, q");
            int heads = q.columns() / headDim;
            if (heads % kv.geometry.kvHeads() != 0) {
                throw new IllegalArgumentException(
                        "pagedAttention: "
                                + heads
                                + " heads over "
                                + kv.geometry.kvHeads()
                                + " key/value heads");
            }
            int sequences = batch.sequences();
            require(batch.positions(), DType.I32, batch.tokens(), 1, "pagedAttention: positions");
            require(
                    batch.queryStarts(),
                    DType.I32,
                    sequences + 1,
                    1,
                    "pagedAttention: queryStarts");
            require(
                    batch.sequenceLengths(),
                    DType.I32,
                    sequences,
                    1,
                    "pagedAttention: sequenceLengths");
            require(
                    batch.blockTables(),
                    DType.I32,
                    sequences,
                    batch.blockTables().columns(),
                    "pagedAttention: blockTables");
            record(() -> {
                for (int s = 0; s < sequences; s++) {
                    int start = index(batch.queryStarts(), s, 0, q.rows() + 1L, "start");
                    int end = index(batch.queryStarts(), s + 1, 0, q.rows() + 1L, "start");
                    for (int t = start; t < end; t++) {
                        attend(out, q, kv, layer, scale, batch, s, t);
                    }
                }
            });
        }

        /// All heads of the token in row `t`, which belongs to sequence `s`.
        private void attend(
                Tensor out,
                Tensor q,
                ReferenceKvCache kv,
                int layer,
                float scale,
                Batch batch,
                int s,
                int t) {
            var geometry = kv.geometry;
            int headDim = geometry.headDim();
            int group = q.columns() / headDim / geometry.kvHeads();
            int length = index(batch.sequenceLengths(), s, 0, Integer.MAX_VALUE, "length");
            int position = index(batch.positions(), t, 0, length, "position");
            int[] slots = new int[position + 1];
            for (int p = 0; p <= position; p++) {
                int entry = p / geometry.blockSize();
                if (entry >= batch.blockTables().columns()) {
                    throw fault("block table entry", entry, batch.blockTables().columns());
                }
                int block = index(batch.blockTables(), s, entry, geometry.blockCount(), "block");
                slots[p] = block * geometry.blockSize() + p % geometry.blockSize();
            }
            for (int kvHead = 0; kvHead < geometry.kvHeads(); kvHead++) {
                float[][] keys = new float[slots.length][];
                float[][] values = new float[slots.length][];
                for (int p = 0; p < slots.length; p++) {
                    keys[p] = kv.head(kv.keys[layer], slots[p], kvHead);
                    values[p] = kv.head(kv.values[layer], slots[p], kvHead);
                }
                for (int h = kvHead * group; h < (kvHead + 1) * group; h++) {
                    float[] head = load(q.columns(h * headDim, headDim), t);
                    store(
                            out.columns(h * headDim, headDim),
                            t,
                            ReferenceOps.attend(head, keys, values, scale));
                }
            }
        }

        @Override
        public void swiglu(Tensor out, Tensor gateUp) {
            require(gateUp, DType.F32, out.rows(), 2 * out.columns(), "swiglu: gateUp");
            require(out, DType.F32, gateUp.rows(), out.columns(), "swiglu: out");
            requireApart(out, gateUp, "swiglu: out, gateUp");
            record(() -> {
                for (int t = 0; t < out.rows(); t++) {
                    store(out, t, ReferenceOps.swiglu(load(gateUp, t)));
                }
            });
        }

        @Override
        public void gatherRows(Tensor out, Tensor x, Tensor rows) {
            require(x, DType.F32, x.rows(), out.columns(), "gatherRows: x");
            require(out, DType.F32, rows.rows(), x.columns(), "gatherRows: out");
            require(rows, DType.I32, out.rows(), 1, "gatherRows: rows");
            requireApart(out, x, "gatherRows: out, x");
            record(() -> {
                for (int i = 0; i < out.rows(); i++) {
                    store(out, i, load(x, index(rows, i, 0, x.rows(), "row")));
                }
            });
        }

        @Override
        public void argmax(Tensor out, Tensor x) {
            require(x, DType.F32, out.rows(), x.columns(), "argmax: x");
            require(out, DType.I32, x.rows(), 1, "argmax: out");
            record(() -> {
                for (int i = 0; i < x.rows(); i++) {
                    int best = ReferenceOps.argmax(load(x, i));
                    out.buffer().contents().set(ValueLayout.JAVA_INT_UNALIGNED, at(out, i), best);
                }
            });
        }
    }

    private static void add(double[] sum, float[] summand) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += summand[i];
        }
    }

    private static long at(Tensor tensor, int row) {
        return tensor.byteOffset() + tensor.dtype().bytes((long) row * tensor.rowStride());
    }

    private static float[] load(Tensor tensor, int row) {
        float[] values = new float[tensor.columns()];
        MemorySegment.copy(
                tensor.buffer().contents(), F32, at(tensor, row), values, 0, values.length);
        return values;
    }

    private static void store(Tensor tensor, int row, float[] values) {
        MemorySegment.copy(
                values, 0, tensor.buffer().contents(), F32, at(tensor, row), values.length);
    }

    private static void store(Tensor tensor, int row, double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        store(tensor, row, rounded);
    }

    /// An integer of a table, which must be in `[0, limit)`.
    private static int index(Tensor table, int row, int column, long limit, String what) {
        int value =
                table.buffer()
                        .contents()
                        .get(
                                ValueLayout.JAVA_INT_UNALIGNED,
                                at(table, row) + (long) Integer.BYTES * column);
        if (value < 0 || value >= limit) {
            throw fault(what, value, limit);
        }
        return value;
    }

    private static DeviceException fault(String what, int value, long limit) {
        return new DeviceException(
                DeviceException.Kind.PAGE_FAULT,
                what + " " + value + " is outside of 0 … " + (limit - 1));
    }

    private static ReferenceMatrix own(Matrix matrix) {
        if (matrix instanceof ReferenceMatrix mine) {
            return mine;
        }
        throw new IllegalArgumentException("a matrix of another device");
    }

    private static ReferenceKvCache own(KvCache cache, int layer) {
        if (cache instanceof ReferenceKvCache mine) {
            if (layer < 0 || layer >= mine.geometry.layers()) {
                throw new IllegalArgumentException(
                        "layer " + layer + " of a KV cache of " + mine.geometry.layers());
            }
            return mine;
        }
        throw new IllegalArgumentException("a KV cache of another device");
    }

    private static void require(Tensor tensor, DType dtype, int rows, int columns, String what) {
        if (tensor.dtype() != dtype || tensor.rows() != rows || tensor.columns() != columns) {
            throw new IllegalArgumentException(
                    what + " is " + tensor + ", not " + dtype + "[" + rows + ", " + columns + "]");
        }
    }

    private static void requireHeads(Tensor tensor, int headDim, String what) {
        if (tensor.dtype() != DType.F32 || tensor.columns() % headDim != 0) {
            throw new IllegalArgumentException(
                    what + " is " + tensor + ", not F32 heads of " + headDim);
        }
    }

    private static void requireApart(Tensor a, Tensor b, String what) {
        if (overlap(a, b)) {
            throw new IllegalArgumentException(what + " share memory: " + a + ", " + b);
        }
    }

    /// Whether two views share an element. Views with different strides are taken at their spans.
    private static boolean overlap(Tensor a, Tensor b) {
        boolean spans =
                a.buffer().equals(b.buffer())
                        && a.byteOffset() < b.byteOffset() + b.bytes()
                        && b.byteOffset() < a.byteOffset() + a.bytes();
        if (!spans || a.rowStride() != b.rowStride() || a.dtype() != b.dtype()) {
            return spans;
        }
        long stride = a.dtype().bytes(a.rowStride());
        long columnA = a.byteOffset() % stride;
        long columnB = b.byteOffset() % stride;
        return columnA < columnB + b.dtype().bytes(b.columns())
                && columnB < columnA + a.dtype().bytes(a.columns());
    }
}
