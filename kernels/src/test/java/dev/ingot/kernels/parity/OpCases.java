package dev.ingot.kernels.parity;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Device;
import dev.ingot.engine.ops.Encoder;
import dev.ingot.engine.ops.Gelu;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.parity.AttentionSteps.Run;
import dev.ingot.kernels.parity.AttentionSteps.Shape;
import dev.ingot.kernels.parity.AttentionSteps.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/// Every op of the [Encoder] over a grid of awkward shapes.
public final class OpCases {
    private static final double ULP = Math.ulp(1f);
    private static final List<DType> DENSE = List.of(DType.F32, DType.F16, DType.BF16);

    /// What a cache may hold.
    public static final List<DType> CACHES = List.of(DType.F32, DType.F16, DType.BF16, DType.I8);

    private static final List<QuantizedWeights> QUANTIZED = List.of(QuantizedWeights.values());

    private OpCases() {}

    /// All of them.
    public static List<OpCase> all() {
        return cases(CACHES);
    }

    /// All of them, but attention over caches of two types only.
    public static List<OpCase> medium() {
        return cases(List.of(DType.F16, DType.I8));
    }

    private static List<OpCase> cases(List<DType> cacheTypes) {
        List<OpCase> cases = new ArrayList<>();
        embeddings(cases);
        norms(cases);
        rope(cases);
        matmuls(cases);
        attention(cases, cacheTypes, new int[] {1, 40, 33, 170});
        turnedAndStored(cases, cacheTypes);
        elements(cases);
        rows(cases);
        experts(cases);
        selection(cases);
        copies(cases);
        return cases;
    }

    /// Few and small ones that reach every kernel: for checks that cost a hundred times the time.
    public static List<OpCase> small() {
        List<OpCase> cases = new ArrayList<>();
        for (DType format : DENSE) {
            cases.add(embed("embed " + format, List.of(Data.weights(1, format, 9, 33)), 9));
            for (int rows : new int[] {1, 2, 3, 7}) {
                cases.add(matmul("matmul " + format, Data.weights(2, format, 7, 33), rows));
            }
        }
        for (QuantizedWeights format : QUANTIZED) {
            cases.add(embed("embed " + format, List.of(format.make(1, 3, format.granule())), 3));
            cases.add(matmul("matmul " + format, format.make(2, 7, format.granule()), 1));
            cases.add(matmul("matmul " + format, format.make(2, 7, format.granule()), 5));
        }
        cases.add(norm(3, 33));
        cases.add(layerNorm(3, 129));
        cases.add(headNorms(24));
        cases.add(rope(20, 4, 1.3f, 2));
        attention(cases, List.of(DType.F16, DType.I8), new int[] {1, 7, 33, 140});
        for (DType format : CACHES) {
            cases.add(turnedAndStored(new Shape(11, 1, 20, 5, format), 4, 7));
        }
        for (String op : ELEMENTS) {
            cases.add(element(op, 2, 31));
        }
        rows(cases);
        cases.add(mixture(4, 2, 12, 7, DType.BF16, 5, true));
        cases.add(argmax(33));
        cases.add(topK(33, 5));
        cases.add(sample(65, 0));
        cases.add(processLogits(65));
        cases.add(softmaxSums(65));
        copies(cases);
        return cases;
    }

    /// What fast numerics choose other kernels for: many rows, and prompts.
    ///
    /// @param cacheTypes of attention
    public static List<OpCase> fast(List<DType> cacheTypes) {
        List<OpCase> cases = new ArrayList<>();
        int[][] shapes = {
            {9, 1, 1},
            {10, 65, 31},
            {16, 64, 32},
            {17, 33, 260},
            {32, 70, 7},
            {33, 129, 66},
            {70, 130, 97}
        };
        for (DType format : DENSE) {
            for (int[] s : shapes) {
                cases.add(matmul("matmul " + format, Data.weights(s[1], format, s[1], s[2]), s[0]));
            }
        }
        for (QuantizedWeights format : QUANTIZED) {
            int in = format.granule();
            for (int[] s : new int[][] {{9, 67, in}, {40, 7, in + (in < 256 ? in : 0)}}) {
                cases.add(matmul("matmul " + format, format.make(s[1], s[1], s[2]), s[0]));
            }
        }
        attention(cases, cacheTypes, new int[] {1, 40, 33, 170});
        cases.add(mixture(4, 2, 40, 36, DType.BF16, 70, true));
        cases.add(mixture(5, 3, 33, 70, DType.F32, 40, false));
        return cases;
    }

    /// Few and small ones that reach every kernel of [#fast].
    public static List<OpCase> smallFast() {
        List<OpCase> cases = new ArrayList<>();
        for (DType format : DENSE) {
            cases.add(matmul("matmul " + format, Data.weights(2, format, 67, 33), 9));
        }
        for (var format :
                List.of(
                        QuantizedWeights.AFFINE_4_G64,
                        QuantizedWeights.GGML_Q8_0,
                        QuantizedWeights.MXFP4)) {
            cases.add(matmul("matmul " + format, format.make(2, 7, format.granule()), 33));
        }
        attention(cases, List.of(DType.F16, DType.I8), new int[] {1, 17, 33, 75});
        cases.add(mixture(2, 1, 12, 7, DType.BF16, 24, true));
        return cases;
    }

    // ---------------------------------------------------------------- embed

    private static void embeddings(List<OpCase> cases) {
        for (DType format : DENSE) {
            for (int hidden : new int[] {1, 7, 33, 130}) {
                var parts =
                        List.of(
                                Data.weights(1, format, 5, hidden),
                                Data.weights(2, format, 31, hidden));
                cases.add(embed("embed " + format, parts, 36));
            }
        }
        for (QuantizedWeights format : QUANTIZED) {
            var parts = format.parts(format.granule() * 3, 5, 33, 1);
            cases.add(embed("embed " + format, parts, 39));
        }
    }

    private static OpCase embed(String op, List<? extends WeightSource> parts, int vocabulary) {
        int in = parts.getFirst().in();
        return new OpCase(
                op,
                vocabulary + " × " + in,
                0,
                device -> {
                    var table = device.matrix("embedding", parts);
                    int[] ids = IntStream.range(0, vocabulary).toArray();
                    var out = Data.strided(device, Data.rows(1, ids.length, in), 5);
                    var column = Steps.column(device, ids);
                    Steps.run(device, enc -> enc.embed(out, table, column));
                    return Data.read(out);
                });
    }

    // ---------------------------------------------------------------- norms and rope

    private static void norms(List<OpCase> cases) {
        for (int n : new int[] {1, 7, 24, 31, 33, 64, 129, 384, 1030, 4099}) {
            for (int rows : new int[] {1, 5}) {
                cases.add(norm(rows, n));
                cases.add(layerNorm(rows, n));
            }
        }
        for (int headDim : new int[] {24, 64, 80, 128, 256}) {
            cases.add(headNorms(headDim));
        }
    }

    private static OpCase norm(int rows, int n) {
        return new OpCase(
                "rmsNorm",
                rows + " × " + n,
                40 * ULP,
                device -> {
                    var x = Data.strided(device, Data.rows(1, rows, n), 3);
                    var out = Data.strided(device, Data.rows(2, rows, n), 1);
                    var weight = device.vector("norm", Data.rows(3, 1, n)[0]);
                    Steps.run(
                            device,
                            enc -> {
                                enc.rmsNorm(out, x, weight, 1e-6f);
                                enc.rmsNorm(out, out, weight, 1e-5f);
                            });
                    return Data.read(out);
                });
    }

    private static OpCase layerNorm(int rows, int n) {
        return new OpCase(
                "layerNorm",
                rows + " × " + n,
                n == 1 ? 1e-4 : 300 * ULP,
                device -> {
                    var x = Data.strided(device, Data.rows(1, rows, n), 3);
                    var out = Data.strided(device, Data.rows(2, rows, n), 1);
                    var weight = device.vector("weight", Data.rows(3, 1, n)[0]);
                    var bias = device.vector("bias", Data.rows(4, 1, n)[0]);
                    Steps.run(
                            device,
                            enc -> {
                                enc.layerNorm(out, x, weight, bias, 1e-5f);
                                enc.layerNorm(out, out, weight, null, 1e-5f);
                            });
                    return Data.read(out);
                });
    }

    private static OpCase headNorms(int headDim) {
        return new OpCase(
                "rmsNormHeads",
                "of " + headDim,
                20 * ULP,
                device -> {
                    var qkv = Steps.floats(device, Data.rows(4, 3, 5 * headDim));
                    var weight = device.vector("norm", Data.rows(5, 1, headDim)[0]);
                    var heads = qkv.columns(headDim, 3 * headDim);
                    Steps.run(device, enc -> enc.rmsNormHeads(heads, weight, 1e-6f));
                    return Data.read(qkv);
                });
    }

    private static void rope(List<OpCase> cases) {
        for (int[] shape :
                new int[][] {{2, 1}, {20, 4}, {64, 32}, {80, 32}, {96, 24}, {256, 128}}) {
            cases.add(rope(shape[0], shape[1], 1, 11));
            cases.add(rope(shape[0], shape[1], 1.3466f, 3));
        }
    }

    private static OpCase rope(int headDim, int pairs, float magnitude, int heads) {
        return new OpCase(
                "rope",
                heads + " heads of " + headDim + ", " + pairs + " pairs, times " + magnitude,
                16 * ULP,
                device -> {
                    int[] positions = {0, 1, 2, 3, 100, 4095, 4096, 32_767, 131_071, 1_000_003};
                    var x =
                            Data.strided(
                                    device, Data.rows(6, positions.length, heads * headDim), 7);
                    float[] frequencies = new float[pairs];
                    for (int i = 0; i < pairs; i++) {
                        frequencies[i] = (float) Math.pow(10_000, -1.0 * i / pairs);
                    }
                    var table = device.vector("rope", frequencies);
                    var at = Steps.column(device, positions);
                    Steps.run(device, enc -> enc.rope(x, headDim, at, table, magnitude));
                    return Data.read(x);
                });
    }

    // ---------------------------------------------------------------- matmul

    private static void matmuls(List<OpCase> cases) {
        int[][] shapes = {
            {1, 1, 1},
            {1, 33, 7},
            {1, 129, 260},
            {2, 7, 31},
            {3, 31, 129},
            {4, 70, 384},
            {5, 33, 40},
            {7, 1, 100},
            {8, 16, 128},
            {13, 129, 33},
            {31, 40, 257},
            {33, 18, 130}
        };
        for (DType format : DENSE) {
            for (int[] s : shapes) {
                cases.add(matmul("matmul " + format, Data.weights(s[1], format, s[1], s[2]), s[0]));
            }
        }
        for (QuantizedWeights format : QUANTIZED) {
            int in = format.granule();
            for (int[] s :
                    new int[][] {{1, 33, 3 * in}, {2, 7, in}, {4, 1, 2 * in}, {13, 70, 3 * in}}) {
                cases.add(matmul("matmul " + format, format.make(s[1], s[1], s[2]), s[0]));
            }
        }
    }

    /// `x · wᵀ` with and without bias, added to something or not, out of and into columns of wider tensors.
    private static OpCase matmul(String op, WeightSource weights, int rows) {
        int out = weights.out();
        int in = weights.in();
        return new OpCase(
                op,
                rows + " rows, " + out + " × " + in,
                (40 + 4 * Math.sqrt(in)) * Math.ulp(4f),
                device -> {
                    var matrix = device.matrix("w", List.of(weights));
                    var x = Data.strided(device, Data.rows(1, rows, in), rows % 3);
                    var y = Data.strided(device, Data.rows(2, rows, out), rows % 2);
                    var bias = device.vector("bias", Data.rows(3, 1, out)[0]);
                    var z = Data.strided(device, Data.rows(4, rows, out), rows % 4);
                    Steps.run(
                            device,
                            enc -> {
                                enc.matmul(z, x, matrix, rows % 2 == 0 ? null : bias);
                                enc.matmulAdd(y, x, matrix, bias);
                                enc.matmulAdd(y, x, matrix, null);
                            });
                    return both(Data.read(y), Data.read(z));
                });
    }

    private static float[][] both(float[][] first, float[][] second) {
        float[][] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    // ---------------------------------------------------------------- attention

    private static void attention(List<OpCase> cases, List<DType> cacheTypes, int[] lengths) {
        for (DType format : cacheTypes) {
            for (var shape :
                    List.of(
                            new Shape(1, 1, 2, 1, format),
                            new Shape(4, 2, 24, 16, format),
                            new Shape(3, 1, 64, 32, format),
                            new Shape(5, 5, 80, 7, format),
                            new Shape(2, 2, 96, 16, format),
                            new Shape(4, 2, 112, 16, format),
                            new Shape(16, 2, 128, 16, format),
                            new Shape(22, 2, 40, 5, format),
                            new Shape(8, 1, 256, 16, format),
                            new Shape(4, 2, 24, 16, format, 16, 0, false),
                            new Shape(5, 5, 80, 7, format, 65, 1.5f, false),
                            new Shape(16, 2, 64, 16, format, 129, 0, true),
                            new Shape(3, 1, 64, 32, format, 1, 0, true),
                            new Shape(6, 3, 32, 16, format, 0, 2.5f, true))) {
                cases.add(attention(shape, lengths));
            }
        }
    }

    private static OpCase attention(Shape shape, int[] lengths) {
        return new OpCase(
                "attention " + shape.format(),
                shape.toString(),
                3e-6,
                device -> {
                    int[][] tables = AttentionSteps.tables(1, shape.blockSize(), lengths);
                    var run = new Run(device, shape, tables, AttentionSteps.qkv(shape, lengths));
                    int two = lengths[1];
                    int three = lengths[3];
                    List<float[]> rows = new ArrayList<>();
                    for (Slice[] step :
                            new Slice[][] {
                                {new Slice(1, 0, 5), new Slice(3, 0, three - 40)},
                                {new Slice(0, 0, 1), new Slice(1, 5, 6), new Slice(2, 0, 33)},
                                {new Slice(3, three - 40, three - 1), new Slice(1, 6, two)},
                                {new Slice(3, three - 1, three)}
                            }) {
                        rows.addAll(Arrays.asList(run.step(step)));
                    }
                    return rows.toArray(float[][]::new);
                });
    }

    private static void turnedAndStored(List<OpCase> cases, List<DType> cacheTypes) {
        for (DType format : cacheTypes) {
            cases.add(turnedAndStored(new Shape(1, 1, 2, 1, format), 1, 3));
            cases.add(turnedAndStored(new Shape(22, 2, 80, 7, format), 16, 40));
            cases.add(turnedAndStored(new Shape(6, 3, 64, 16, format), 32, 40));
            cases.add(turnedAndStored(new Shape(8, 1, 256, 16, format), 128, 19));
        }
    }

    /// Attention to keys that were turned and stored by one op. What is turned differs in its last bit, so what is
    /// stored may differ by a step of the cache's type.
    private static OpCase turnedAndStored(Shape shape, int pairs, int length) {
        double tolerance =
                switch (shape.format()) {
                    case F32 -> 1e-5;
                    case F16 -> 2e-3;
                    default -> 2e-2;
                };
        return new OpCase(
                "ropeAndStoreKv " + shape.format(),
                shape + ", " + pairs + " pairs",
                tolerance,
                device -> {
                    int[] lengths = {length, 1};
                    float[] frequencies = new float[pairs];
                    for (int i = 0; i < pairs; i++) {
                        frequencies[i] = (float) Math.pow(10_000, -1.0 * i / pairs);
                    }
                    int[][] tables = AttentionSteps.tables(1, shape.blockSize(), lengths);
                    float[][][] qkv = AttentionSteps.qkv(shape, lengths);
                    var run = new Run(device, shape, tables, qkv, frequencies);
                    var prompts = run.step(new Slice(0, 0, length - 1), new Slice(1, 0, 1));
                    return both(prompts, run.step(new Slice(0, length - 1, length)));
                });
    }

    // ---------------------------------------------------------------- elements and rows

    private static final List<String> ELEMENTS =
            List.of(
                    "swiglu",
                    "clampedSwiglu",
                    "geglu",
                    "geglu tanh",
                    "gelu",
                    "gelu tanh",
                    "relu",
                    "add, scale",
                    "softcap");

    private static void elements(List<OpCase> cases) {
        for (String op : ELEMENTS) {
            for (int n : new int[] {1, 7, 31, 33, 129, 1030, 4099}) {
                cases.add(element(op, n < 200 ? 5 : 2, n));
            }
        }
    }

    private static OpCase element(String op, int rows, int n) {
        return new OpCase(
                op,
                rows + " × " + n,
                (op.equals("swiglu") ? 400 : 300) * ULP,
                device -> {
                    float[][] values = Data.rows(1, rows, 2 * n);
                    for (float[] row : values) {
                        for (int i = 0; i < row.length; i++) {
                            row[i] *= 3;
                        }
                    }
                    var x = Data.strided(device, values, 3);
                    var out = Data.strided(device, Data.rows(2, rows, n), 1);
                    Steps.run(device, enc -> record(enc, op, out, x, x.columns(0, n)));
                    return Data.read(out);
                });
    }

    private static void record(Encoder enc, String op, Tensor out, Tensor x, Tensor half) {
        switch (op) {
            case "swiglu" -> enc.swiglu(out, x);
            case "clampedSwiglu" -> enc.clampedSwiglu(out, x, 2.5f, 1.702f);
            case "geglu" -> enc.geglu(out, x, Gelu.EXACT);
            case "geglu tanh" -> enc.geglu(out, x, Gelu.TANH);
            case "gelu" -> enc.gelu(out, half, Gelu.EXACT);
            case "gelu tanh" -> {
                enc.gelu(out, half, Gelu.TANH);
                enc.gelu(out, out, Gelu.TANH);
            }
            case "relu" -> enc.relu(out, half);
            case "add, scale" -> {
                enc.add(out, half);
                enc.scale(out, 6.92f);
            }
            case "softcap" -> {
                enc.add(out, half);
                enc.softcap(out, 1.5f);
            }
            default -> throw new IllegalArgumentException(op);
        }
    }

    private static void rows(List<OpCase> cases) {
        for (int n : new int[] {1, 33, 1030}) {
            int[] chosen = {8, 0, 7, 7, 3};
            cases.add(
                    new OpCase(
                            "addRows",
                            "of " + n,
                            0,
                            device -> {
                                var table = Data.strided(device, Data.rows(5, 9, n), 2);
                                var out = Data.strided(device, Data.rows(6, 5, n), 3);
                                var rows = Steps.column(device, chosen);
                                Steps.run(device, enc -> enc.addRows(out, table, rows));
                                return Data.read(out);
                            }));
            cases.add(
                    new OpCase(
                            "gatherRows",
                            "of " + n,
                            0,
                            device -> {
                                var x = Data.strided(device, Data.rows(5, 9, n), 2);
                                var out = Data.strided(device, Data.rows(6, 5, n), 3);
                                var rows = Steps.column(device, chosen);
                                Steps.run(device, enc -> enc.gatherRows(out, x, rows));
                                return Data.read(out);
                            }));
        }
        for (int tokens : new int[] {1, 5, 300}) {
            cases.add(
                    new OpCase(
                            "feedSampled",
                            tokens + " tokens",
                            0,
                            device -> {
                                int[] ids = new int[tokens];
                                int[] rows = new int[tokens];
                                for (int t = 0; t < tokens; t++) {
                                    ids[t] = 1000 + t;
                                    rows[t] = t % 5 - 1;
                                }
                                var to = Steps.column(device, ids);
                                var sampled = Steps.column(device, 7, -1, 0, 99);
                                var from = Steps.column(device, rows);
                                Steps.run(device, enc -> enc.feedSampled(to, sampled, from));
                                float[] fed = new float[tokens];
                                for (int t = 0; t < tokens; t++) {
                                    fed[t] = Steps.intAt(to, t);
                                }
                                return new float[][] {fed};
                            }));
        }
    }

    // ---------------------------------------------------------------- experts

    private static void experts(List<OpCase> cases) {
        for (int tokens : new int[] {1, 5, 70}) {
            for (boolean normalized : new boolean[] {true, false}) {
                cases.add(mixture(4, 2, 40, 36, DType.BF16, tokens, normalized));
                cases.add(mixture(8, 8, 33, 7, DType.F32, tokens, normalized));
                cases.add(mixture(129, 3, 24, 20, DType.F16, tokens, normalized));
                cases.add(mixture(1, 1, 7, 31, DType.F32, tokens, normalized));
            }
        }
    }

    /// A whole layer of experts: what it adds to a residual stream.
    private static OpCase mixture(
            int experts,
            int chosen,
            int hidden,
            int inner,
            DType dtype,
            int tokens,
            boolean normalized) {
        return new OpCase(
                "mixture of experts",
                tokens + " tokens, " + chosen + " of " + experts + ", " + hidden + " × " + inner,
                1e-4,
                device ->
                        new MixtureLayer(experts, chosen, hidden, inner, dtype)
                                .added(
                                        device,
                                        Data.rows(7, tokens, hidden),
                                        Data.rows(8, tokens, experts),
                                        Data.rows(9, tokens, hidden),
                                        normalized));
    }

    // ---------------------------------------------------------------- selection

    private static void selection(List<OpCase> cases) {
        for (int n : new int[] {1, 7, 31, 33, 129, 5003}) {
            cases.add(argmax(n));
            cases.add(topK(n, Math.min(n, n > 1000 ? 64 : 5)));
            cases.add(sample(n, 0));
            cases.add(sample(n, 1));
            cases.add(processLogits(Math.min(n, 300)));
            cases.add(softmaxSums(n));
        }
    }

    /// Ordinary rows, ties, and rows with every kind of number that is none.
    private static float[][] strange(int n) {
        float[][] rows = Data.rows(11, 10, n);
        rows[0][n - 1] = 100;
        rows[0][n / 2] = 100;
        rows[1][n - 1] = Float.NaN;
        rows[2][0] = Float.POSITIVE_INFINITY;
        rows[3][n / 3] = Float.NEGATIVE_INFINITY;
        Arrays.fill(rows[4], -3);
        Arrays.fill(rows[5], -Float.MAX_VALUE);
        Arrays.fill(rows[6], -0f);
        rows[6][n / 2] = 0;
        Arrays.fill(rows[7], Float.NaN);
        Arrays.fill(rows[8], Float.NEGATIVE_INFINITY);
        return rows;
    }

    private static OpCase argmax(int n) {
        return new OpCase(
                "argmax",
                "of " + n,
                0,
                device -> {
                    var x = Data.strided(device, strange(n), 3);
                    var out = Steps.ints(device, new int[x.rows()][2]).columns(1, 1);
                    Steps.run(device, enc -> enc.argmax(out, x));
                    return numbers(out);
                });
    }

    private static OpCase topK(int n, int k) {
        return new OpCase(
                "topK",
                k + " of " + n,
                0,
                device -> {
                    var x = Data.strided(device, strange(n), 3);
                    var ids = Steps.ints(device, new int[x.rows()][k + 1]).columns(1, k);
                    var values = Data.strided(device, Data.rows(1, x.rows(), k), 1);
                    Steps.run(device, enc -> enc.topK(ids, values, x));
                    return both(numbers(ids), Data.read(values));
                });
    }

    private static OpCase sample(int n, long seed) {
        return new OpCase(
                "sample",
                "of " + n,
                0,
                device -> {
                    float[][] rows = Samples.rows(seed, n);
                    var params = Samples.params(new Random(seed), rows.length, n);
                    int[] tokens = Samples.tokens(device, rows, params);
                    return new float[][] {floats(tokens)};
                });
    }

    private static OpCase softmaxSums(int n) {
        return new OpCase(
                "softmaxSums",
                "of " + n,
                0,
                device -> {
                    var x = Data.strided(device, Samples.rows(n, n), 3);
                    var sums = Steps.ints(device, new int[x.rows()][4]).columns(1, 3);
                    Steps.run(device, enc -> enc.softmaxSums(sums, x));
                    float[][] found = new float[x.rows()][];
                    for (int r = 0; r < found.length; r++) {
                        float max = Float.intBitsToFloat(Steps.intAt(sums, r));
                        int low = Steps.intAt(sums.columns(1, 1), r);
                        int high = Steps.intAt(sums.columns(2, 1), r);
                        boolean none = low == 0 && high == 0;
                        // 16 bits at a time: a float holds them exactly.
                        found[r] =
                                new float[] {
                                    none ? 0 : max,
                                    low & 0xffff,
                                    low >>> 16,
                                    high & 0xffff,
                                    high >>> 16
                                };
                    }
                    return found;
                });
    }

    private static float[] floats(int[] numbers) {
        float[] values = new float[numbers.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers[i];
        }
        return values;
    }

    private static OpCase processLogits(int n) {
        return new OpCase(
                "processLogits", "of " + n, 0, device -> Samples.edited(device, new Random(n), n));
    }

    private static float[][] numbers(Tensor ints) {
        float[][] values = new float[ints.rows()][ints.columns()];
        for (int r = 0; r < values.length; r++) {
            for (int c = 0; c < values[r].length; c++) {
                values[r][c] = Steps.intAt(ints.columns(c, 1), r);
            }
        }
        return values;
    }

    // ---------------------------------------------------------------- copies

    private static void copies(List<OpCase> cases) {
        for (DType format : List.of(DType.F32, DType.F16, DType.BF16, DType.I8)) {
            cases.add(
                    new OpCase(
                            "copyBlocks",
                            format.toString(),
                            3e-6,
                            device -> copied(device, format)));
        }
    }

    /// Attention over blocks that were copied from where they were written.
    private static float[][] copied(Device device, DType format) {
        var shape = new Shape(2, 1, 10, 3, format);
        float[][][] qkv = AttentionSteps.qkv(shape, 7, 7);
        qkv[1] = qkv[0];
        var run = new Run(device, shape, new int[][] {{4, 0, 2}, {1, 5, 3}}, qkv);
        run.step(new Slice(0, 0, 6));
        run.copyBlocks(new int[][] {{4, 1}, {0, 5}});
        return run.step(new Slice(1, 6, 7));
    }
}
