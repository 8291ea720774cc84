package dev.ingot.engine.ops;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;
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
    private final ToIntFunction<List<? extends WeightSource>> roundedBy;
    private long usedBytes;
    private @Nullable ReferenceCommandBuffer open;

    public ReferenceDevice() {
        this(Long.MAX_VALUE);
    }

    /// @param workingSetBytes allocations past this sum fail with `OUT_OF_MEMORY`
    public ReferenceDevice(long workingSetBytes) {
        this(workingSetBytes, _ -> 0);
    }

    private ReferenceDevice(
            long workingSetBytes, ToIntFunction<List<? extends WeightSource>> roundedBy) {
        this.workingSetBytes = workingSetBytes;
        this.roundedBy = roundedBy;
    }

    /// One whose products round the rows that they multiply, as kernels do that count in integers
    /// ([ReferenceOps#inBytes]), and are exact otherwise.
    ///
    /// @param groups how many neighbours of a row share a step where it meets these weights; 0: not rounded
    public static ReferenceDevice roundingActivations(
            ToIntFunction<List<? extends WeightSource>> groups) {
        return new ReferenceDevice(Long.MAX_VALUE, groups);
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
        return new ReferenceMatrix(
                Math.toIntExact(out), in, bytes, values, roundedBy.applyAsInt(rowParts));
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
    public MatrixBank bank(String label, List<Matrix> matrices) {
        var first = own(matrices.getFirst());
        for (var matrix : matrices) {
            if (matrix.out() != first.out || matrix.in() != first.in) {
                throw new IllegalArgumentException(label + ": the matrices differ in shape");
            }
        }
        return new ReferenceBank(
                matrices.stream().map(ReferenceDevice::own).toList(), first.out, first.in);
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
        private final int roundedBy;

        ReferenceMatrix(int out, int in, long bytes, float[] values, int roundedBy) {
            this.out = out;
            this.in = in;
            this.bytes = bytes;
            this.values = values;
            this.roundedBy = roundedBy;
        }

        double[] times(float[] x) {
            return ReferenceOps.matmul(
                    roundedBy == 0 ? x : ReferenceOps.inBytes(x, roundedBy), values);
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

    private record ReferenceBank(List<ReferenceMatrix> matrices, int out, int in)
            implements MatrixBank {
        @Override
        public int count() {
            return matrices.size();
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

        @Override
        public Encoder encoder() {
            requireOpen();
            return this;
        }

        @Override
        public void commit(Completion completion) {
            requireOpen();
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
            requireOpen();
            ops.add(op);
        }

        private void requireOpen() {
            if (open != this) {
                throw new IllegalStateException(
                        "this command buffer was committed before, or a newer one was opened");
            }
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
        public void layerNorm(
                Tensor out, Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon) {
            require(x, DType.F32, out.rows(), out.columns(), "layerNorm: x");
            require(weight, DType.F32, 1, x.columns(), "layerNorm: weight");
            if (bias != null) {
                require(bias, DType.F32, 1, x.columns(), "layerNorm: bias");
            }
            eachRow(
                    out,
                    x,
                    "layerNorm",
                    row ->
                            ReferenceOps.layerNorm(
                                    row,
                                    load(weight, 0),
                                    bias == null ? new float[row.length] : load(bias, 0),
                                    epsilon));
        }

        /// `out[t] = function(x[t])`, in place or apart.
        private void eachRow(
                Tensor out, Tensor x, String op, Function<float[], double[]> function) {
            require(x, DType.F32, out.rows(), out.columns(), op + ": x");
            require(out, DType.F32, x.rows(), x.columns(), op + ": out");
            if (!out.equals(x)) {
                requireApart(out, x, op + ": out, x");
            }
            record(() -> {
                for (int t = 0; t < x.rows(); t++) {
                    store(out, t, function.apply(load(x, t)));
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
                    double[] row = weights.times(load(x, t));
                    if (bias != null) {
                        accumulate(row, load(bias, 0));
                    }
                    if (add) {
                        accumulate(row, load(out, t));
                    }
                    store(out, t, row);
                }
            });
        }

        @Override
        public void rope(
                Tensor x,
                int headDim,
                Tensor positions,
                Tensor inverseFrequencies,
                float magnitude) {
            if (headDim <= 0 || headDim % 2 != 0) {
                throw new IllegalArgumentException("rope: headDim " + headDim + " is not even");
            }
            requireHeads(x, headDim, "rope: x");
            require(positions, DType.I32, x.rows(), 1, "rope: positions");
            int pairs = Math.min(inverseFrequencies.columns(), headDim / 2);
            require(inverseFrequencies, DType.F32, 1, pairs, "rope: inverseFrequencies");
            record(() -> {
                float[] frequencies = load(inverseFrequencies, 0);
                for (int t = 0; t < x.rows(); t++) {
                    int position = index(positions, t, 0, Integer.MAX_VALUE, "position");
                    store(
                            x,
                            t,
                            ReferenceOps.rope(
                                    load(x, t), headDim, position, frequencies, magnitude));
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
        public void copyBlocks(KvCache cache, Tensor pairs) {
            var kv = own(cache, 0);
            require(pairs, DType.I32, pairs.rows(), 2, "copyBlocks: pairs");
            record(() -> {
                int elements = kv.rowElements() * kv.geometry.blockSize();
                for (int i = 0; i < pairs.rows(); i++) {
                    int from = index(pairs, i, 0, kv.geometry.blockCount(), "block") * elements;
                    int to = index(pairs, i, 1, kv.geometry.blockCount(), "block") * elements;
                    for (int layer = 0; layer < kv.geometry.layers(); layer++) {
                        System.arraycopy(kv.keys[layer], from, kv.keys[layer], to, elements);
                        System.arraycopy(kv.values[layer], from, kv.values[layer], to, elements);
                    }
                }
            });
        }

        @Override
        public void pagedAttention(
                Tensor out, Tensor q, KvCache cache, int layer, Attention attention, Batch batch) {
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
            var sinks = attention.sinks();
            if (sinks != null) {
                require(sinks, DType.F32, 1, heads, "pagedAttention: sinks");
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
                        attend(out, q, kv, layer, attention, batch, s, t);
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
                Attention attention,
                Batch batch,
                int s,
                int t) {
            var geometry = kv.geometry;
            int headDim = geometry.headDim();
            int group = q.columns() / headDim / geometry.kvHeads();
            int length = index(batch.sequenceLengths(), s, 0, Integer.MAX_VALUE, "length");
            int position = index(batch.positions(), t, 0, length, "position");
            int window = attention.window() == 0 ? position + 1 : attention.window();
            int first = Math.max(0, position + 1 - window);
            int[] slots = new int[position + 1 - first];
            for (int p = first; p <= position; p++) {
                int entry = p / geometry.blockSize();
                if (entry >= batch.blockTables().columns()) {
                    throw fault("block table entry", entry, batch.blockTables().columns());
                }
                int block = index(batch.blockTables(), s, entry, geometry.blockCount(), "block");
                slots[p - first] = block * geometry.blockSize() + p % geometry.blockSize();
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
                    var sinks = attention.sinks();
                    double sink = sinks == null ? Double.NEGATIVE_INFINITY : load(sinks, 0)[h];
                    store(
                            out.columns(h * headDim, headDim),
                            t,
                            ReferenceOps.attend(
                                    head,
                                    keys,
                                    values,
                                    attention.scale(),
                                    attention.softcap(),
                                    sink));
                }
            }
        }

        @Override
        public void swiglu(Tensor out, Tensor gateUp) {
            gated(out, gateUp, "swiglu", ReferenceOps::swiglu);
        }

        @Override
        public void clampedSwiglu(Tensor out, Tensor gateUp, float limit, float alpha) {
            gated(
                    out,
                    gateUp,
                    "clampedSwiglu",
                    row -> ReferenceOps.clampedSwiglu(row, limit, alpha));
        }

        @Override
        public void geglu(Tensor out, Tensor gateUp, Gelu gelu) {
            gated(out, gateUp, "geglu", row -> ReferenceOps.geglu(row, gelu));
        }

        private void gated(
                Tensor out, Tensor gateUp, String op, Function<float[], double[]> function) {
            require(gateUp, DType.F32, out.rows(), 2 * out.columns(), op + ": gateUp");
            require(out, DType.F32, gateUp.rows(), out.columns(), op + ": out");
            requireApart(out, gateUp, op + ": out, gateUp");
            record(() -> {
                for (int t = 0; t < out.rows(); t++) {
                    store(out, t, function.apply(load(gateUp, t)));
                }
            });
        }

        @Override
        public void gelu(Tensor out, Tensor x, Gelu gelu) {
            eachRow(out, x, "gelu", row -> ReferenceOps.map(row, v -> ReferenceOps.gelu(v, gelu)));
        }

        @Override
        public void relu(Tensor out, Tensor x) {
            eachRow(out, x, "relu", row -> ReferenceOps.map(row, v -> Math.max(v, 0)));
        }

        @Override
        public void scale(Tensor x, float factor) {
            eachRow(x, x, "scale", row -> ReferenceOps.map(row, v -> v * factor));
        }

        @Override
        public void softcap(Tensor x, float cap) {
            if (!(cap > 0)) {
                throw new IllegalArgumentException("softcap: a cap of " + cap);
            }
            eachRow(x, x, "softcap", row -> ReferenceOps.map(row, v -> cap * Math.tanh(v / cap)));
        }

        @Override
        public void add(Tensor out, Tensor x) {
            require(x, DType.F32, out.rows(), out.columns(), "add: x");
            require(out, DType.F32, x.rows(), x.columns(), "add: out");
            requireApart(out, x, "add: out, x");
            record(() -> {
                for (int t = 0; t < x.rows(); t++) {
                    addTo(out, t, load(x, t));
                }
            });
        }

        @Override
        public void addRows(Tensor out, Tensor table, Tensor rows) {
            require(table, DType.F32, table.rows(), out.columns(), "addRows: table");
            require(out, DType.F32, rows.rows(), table.columns(), "addRows: out");
            require(rows, DType.I32, out.rows(), 1, "addRows: rows");
            requireApart(out, table, "addRows: out, table");
            record(() -> {
                for (int t = 0; t < out.rows(); t++) {
                    addTo(out, t, load(table, index(rows, t, 0, table.rows(), "row")));
                }
            });
        }

        @Override
        public void moeRoute(Tensor ids, Tensor weights, Tensor logits, boolean normalized) {
            int chosen = ids.columns();
            require(ids, DType.I32, logits.rows(), chosen, "moeRoute: ids");
            require(weights, DType.F32, logits.rows(), chosen, "moeRoute: weights");
            require(logits, DType.F32, ids.rows(), logits.columns(), "moeRoute: logits");
            if (chosen > logits.columns()) {
                throw new IllegalArgumentException(
                        "moeRoute: " + chosen + " of " + logits.columns() + " experts");
            }
            record(() -> {
                for (int t = 0; t < logits.rows(); t++) {
                    float[] row = load(logits, t);
                    int[] best = ReferenceOps.largest(row, chosen);
                    for (int j = 0; j < chosen; j++) {
                        storeInt(ids, t, j, best[j]);
                    }
                    store(weights, t, ReferenceOps.routingWeights(row, best, normalized));
                }
            });
        }

        @Override
        public void moeGroup(ExpertGroups groups, Tensor ids) {
            int experts = groups.starts().rows() - 1;
            int chosen = ids.columns();
            int pairs = ids.rows() * chosen;
            require(ids, DType.I32, groups.places().rows(), chosen, "moeGroup: ids");
            require(groups.starts(), DType.I32, experts + 1, 1, "moeGroup: starts");
            require(groups.sources(), DType.I32, pairs, 1, "moeGroup: sources");
            require(groups.places(), DType.I32, ids.rows(), chosen, "moeGroup: places");
            record(() -> {
                int place = 0;
                for (int expert = 0; expert < experts; expert++) {
                    storeInt(groups.starts(), expert, 0, place);
                    for (int t = 0; t < ids.rows(); t++) {
                        for (int j = 0; j < chosen; j++) {
                            if (index(ids, t, j, experts, "expert") == expert) {
                                storeInt(groups.sources(), place, 0, t);
                                storeInt(groups.places(), t, j, place);
                                place++;
                            }
                        }
                    }
                }
                storeInt(groups.starts(), experts, 0, place);
            });
        }

        @Override
        public void moeMatmul(
                Tensor out, Tensor x, MatrixBank w, Tensor starts, @Nullable Tensor biases) {
            if (!(w instanceof ReferenceBank bank)) {
                throw new IllegalArgumentException("a bank of another device");
            }
            require(x, DType.F32, out.rows(), bank.in(), "moeMatmul: x");
            require(out, DType.F32, x.rows(), bank.out(), "moeMatmul: out");
            require(starts, DType.I32, bank.count() + 1, 1, "moeMatmul: starts");
            requireApart(out, x, "moeMatmul: out, x");
            if (biases != null) {
                require(biases, DType.F32, bank.count(), bank.out(), "moeMatmul: biases");
            }
            record(() -> {
                for (int expert = 0; expert < bank.count(); expert++) {
                    int end = index(starts, expert + 1, 0, x.rows() + 1L, "start");
                    for (int r = index(starts, expert, 0, end + 1L, "start"); r < end; r++) {
                        double[] row = bank.matrices.get(expert).times(load(x, r));
                        if (biases != null) {
                            accumulate(row, load(biases, expert));
                        }
                        store(out, r, row);
                    }
                }
            });
        }

        @Override
        public void moeCombine(Tensor out, Tensor y, Tensor places, Tensor weights) {
            int chosen = places.columns();
            require(out, DType.F32, places.rows(), y.columns(), "moeCombine: out");
            require(y, DType.F32, y.rows(), out.columns(), "moeCombine: y");
            require(places, DType.I32, out.rows(), chosen, "moeCombine: places");
            require(weights, DType.F32, out.rows(), chosen, "moeCombine: weights");
            requireApart(out, y, "moeCombine: out, y");
            record(() -> {
                for (int t = 0; t < out.rows(); t++) {
                    double[] sum = new double[out.columns()];
                    for (int j = 0; j < chosen; j++) {
                        float[] found = load(y, index(places, t, j, y.rows(), "place"));
                        for (int i = 0; i < sum.length; i++) {
                            sum[i] += (double) load(weights, t)[j] * found[i];
                        }
                    }
                    accumulate(sum, load(out, t));
                    store(out, t, sum);
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
        public void feedSampled(Tensor ids, Tensor sampled, Tensor rows) {
            require(ids, DType.I32, rows.rows(), 1, "feedSampled: ids");
            require(sampled, DType.I32, sampled.rows(), 1, "feedSampled: sampled");
            require(rows, DType.I32, ids.rows(), 1, "feedSampled: rows");
            record(() -> {
                var target = ids.buffer().contents();
                for (int i = 0; i < ids.rows(); i++) {
                    if (Steps.intAt(rows, i) >= 0) {
                        int row = index(rows, i, 0, sampled.rows(), "row");
                        int token = Math.max(0, Steps.intAt(sampled, row));
                        target.set(ValueLayout.JAVA_INT_UNALIGNED, at(ids, i), token);
                    }
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

        @Override
        public void topK(Tensor ids, Tensor values, Tensor x) {
            int k = ids.columns();
            require(x, DType.F32, ids.rows(), x.columns(), "topK: x");
            require(ids, DType.I32, x.rows(), k, "topK: ids");
            require(values, DType.F32, x.rows(), k, "topK: values");
            record(() -> {
                for (int i = 0; i < x.rows(); i++) {
                    float[] row = load(x, i);
                    int[] chosen = ReferenceOps.topK(row, k);
                    double[] told = new double[k];
                    for (int j = 0; j < k; j++) {
                        storeInt(ids, i, j, Math.max(chosen[j], -1));
                        told[j] =
                                chosen[j] >= 0
                                        ? row[chosen[j]]
                                        : chosen[j] == ReferenceOps.BROKEN
                                                ? Double.NaN
                                                : Double.NEGATIVE_INFINITY;
                    }
                    store(values, i, told);
                }
            });
        }

        @Override
        public void processLogits(Tensor logits, LogitEdits edits) {
            int entries = edits.tokens().rows();
            require(logits, DType.F32, edits.rowStarts().rows() - 1, logits.columns(), "logits");
            require(edits.tokens(), DType.I32, entries, 1, "processLogits: tokens");
            require(
                    edits.amounts(),
                    DType.F32,
                    entries,
                    LogitEdits.AMOUNTS,
                    "processLogits: amounts");
            require(edits.before(), DType.F32, entries, 1, "processLogits: before");
            record(() -> {
                for (int r = 0; r < logits.rows(); r++) {
                    int end = index(edits.rowStarts(), r + 1, 0, entries + 1L, "start");
                    for (int i = index(edits.rowStarts(), r, 0, end + 1L, "start"); i < end; i++) {
                        int token = index(edits.tokens(), i, 0, logits.columns(), "token");
                        float[] row = load(logits, r);
                        float[] by = load(edits.amounts(), i);
                        store(edits.before(), i, new float[] {row[token]});
                        row[token] = LogitEdits.edited(row[token], by[0], by[1], by[2], by[3]);
                        store(logits, r, row);
                    }
                }
            });
        }

        @Override
        public void sample(Tensor tokens, Tensor logits, Tensor draws) {
            require(logits, DType.F32, tokens.rows(), logits.columns(), "sample: logits");
            require(tokens, DType.I32, logits.rows(), 1, "sample: tokens");
            require(draws, DType.I32, logits.rows(), Draw.COLUMNS, "sample: draws");
            record(() -> {
                for (int r = 0; r < logits.rows(); r++) {
                    int[] draw = new int[Draw.COLUMNS];
                    for (int i = 0; i < draw.length; i++) {
                        draw[i] =
                                draws.buffer()
                                        .contents()
                                        .get(
                                                ValueLayout.JAVA_INT_UNALIGNED,
                                                at(draws, r) + (long) Integer.BYTES * i);
                    }
                    storeInt(tokens, r, 0, ReferenceOps.sample(load(logits, r), draw));
                }
            });
        }

        @Override
        public void softmaxSums(Tensor sums, Tensor logits) {
            require(logits, DType.F32, sums.rows(), logits.columns(), "softmaxSums: logits");
            require(sums, DType.I32, logits.rows(), 3, "softmaxSums: sums");
            record(() -> {
                for (int r = 0; r < logits.rows(); r++) {
                    float[] row = load(logits, r);
                    int likeliest = ReferenceOps.topK(row, 1)[0];
                    float max = likeliest < 0 ? 0 : row[likeliest];
                    long sum = 0;
                    for (int i = 0; likeliest >= 0 && i < row.length; i++) {
                        int distance = SoftmaxWeight.distance(row[i], max, SoftmaxWeight.scale(1));
                        sum += SoftmaxWeight.of(distance);
                    }
                    storeInt(sums, r, 0, Float.floatToRawIntBits(max));
                    storeInt(sums, r, 1, (int) sum);
                    storeInt(sums, r, 2, (int) (sum >>> 32));
                }
            });
        }
    }

    private static void accumulate(double[] sum, float[] summand) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += summand[i];
        }
    }

    /// Adds a row to row `t`.
    private static void addTo(Tensor out, int t, float[] summand) {
        double[] sum = new double[summand.length];
        accumulate(sum, load(out, t));
        accumulate(sum, summand);
        store(out, t, sum);
    }

    private static void storeInt(Tensor tensor, int row, int column, int value) {
        long at = at(tensor, row) + (long) Integer.BYTES * column;
        tensor.buffer().contents().set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
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
