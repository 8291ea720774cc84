package dev.ingot.engine.model;

import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.GgmlType;
import dev.ingot.engine.weights.GgufWriter;
import dev.ingot.engine.weights.Quantized;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Writes a Hugging Face folder as GGUF, as llama.cpp's `convert_hf_to_gguf.py` does: other names, rows of Llama's heads
/// in turns, 1 added to Gemma's norms, GPT-2's matrices turned round, experts in one tensor.
public final class GgufTwin {
    private static final Pattern LAYER =
            Pattern.compile("(?:model|transformer)?\\.?(?:layers|h)\\.(\\d+)\\.(.+)");
    private static final Pattern EXPERT = Pattern.compile("(.*)experts\\.(\\d+)\\.(\\w+)\\.weight");

    private static final Map<String, String> ARCHITECTURES =
            Map.ofEntries(
                    Map.entry("llama", "llama"),
                    Map.entry("mistral", "llama"),
                    Map.entry("mixtral", "llama"),
                    Map.entry("qwen2", "qwen2"),
                    Map.entry("qwen3", "qwen3"),
                    Map.entry("qwen3_moe", "qwen3moe"),
                    Map.entry("gemma2", "gemma2"),
                    Map.entry("gemma3_text", "gemma3"),
                    Map.entry("phi", "phi2"),
                    Map.entry("phi3", "phi3"),
                    Map.entry("gpt2", "gpt2"),
                    Map.entry("olmo2", "olmo2"),
                    Map.entry("gpt_oss", "gpt-oss"));

    private final Checkpoint checkpoint;
    private final JsonNode config;
    private final String type;
    private final String architecture;
    private final GgmlType matrices;

    /// Where the metadata is.
    private final GgufWriter out = new GgufWriter();

    /// With `out` as the first; tensors are dealt out to all.
    private final List<GgufWriter> parts = new ArrayList<>(List.of(out));

    private int tensorCount;

    private GgufTwin(Checkpoint checkpoint, JsonNode config, GgmlType matrices) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.matrices = matrices;
        type = config.path("model_type").stringValue();
        architecture = Objects.requireNonNull(ARCHITECTURES.get(type), type);
    }

    /// Whether llama.cpp has such models.
    public static boolean exists(Path folder) throws IOException {
        return ARCHITECTURES.containsKey(json(folder).path("model_type").stringValue());
    }

    /// Writes one.
    ///
    /// @param matrices a type that [Quantized] writes, or F32; rows that are no whole blocks stay in F32
    public static void write(Path folder, Path file, GgmlType matrices) throws IOException {
        try (var checkpoint = Checkpoint.open(folder)) {
            var twin = new GgufTwin(checkpoint, json(folder), matrices);
            twin.write();
            twin.out.write(file);
        }
    }

    /// Writes one in several files, `NAME-00001-of-0000N.gguf`.
    ///
    /// @return the first of them
    public static Path split(Path folder, Path target, GgmlType matrices, int count)
            throws IOException {
        var files = new ArrayList<Path>();
        try (var checkpoint = Checkpoint.open(folder)) {
            var twin = new GgufTwin(checkpoint, json(folder), matrices);
            while (twin.parts.size() < count) {
                twin.parts.add(new GgufWriter());
            }
            twin.write();
            for (int i = 0; i < count; i++) {
                var part = twin.parts.get(i).put("split.no", i).put("split.count", count);
                part.put("split.tensors.count", twin.tensorCount);
                files.add(target.resolve("m-%05d-of-%05d.gguf".formatted(i + 1, count)));
                part.write(files.getLast());
            }
        }
        return files.getFirst();
    }

    private static JsonNode json(Path folder) throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("config.json")));
    }

    private void write() {
        metadata();
        var experts = new TreeMap<String, TreeMap<Integer, HostTensor>>();
        for (var name : checkpoint.names().stream().sorted().toList()) {
            var expert = EXPERT.matcher(name);
            if (expert.matches()) {
                experts.computeIfAbsent(
                                expert.group(1) + "experts." + expert.group(3),
                                _ -> new TreeMap<>())
                        .put(Integer.parseInt(expert.group(2)), checkpoint.tensor(name));
            } else if (type.equals("gpt_oss") && name.contains("experts.")) {
                gptOssExperts(name);
            } else if (isFused() && name.matches(".*\\.[qkv]_proj\\..*")) {
                if (name.contains(".q_proj.")) {
                    fused(name);
                }
            } else {
                tensor(name);
            }
        }
        experts.forEach(this::experts);
    }

    // ------------------------------------------------------------------ metadata

    private int number(String... fields) {
        for (var field : fields) {
            if (config.path(field).isNumber()) {
                return config.path(field).intValue();
            }
        }
        return 0;
    }

    private void metadata() {
        int heads = number("num_attention_heads", "n_head");
        int hidden = number("hidden_size", "n_embd");
        out.put("general.architecture", architecture);
        put("block_count", number("num_hidden_layers", "n_layer"));
        put("embedding_length", hidden);
        put("attention.head_count", heads);
        put("context_length", number("max_position_embeddings", "n_positions"));
        int inner = number("intermediate_size", "n_inner");
        put("feed_forward_length", inner == 0 ? 4 * hidden : inner);
        if (number("num_key_value_heads") > 0) {
            put("attention.head_count_kv", number("num_key_value_heads"));
        }
        if (number("head_dim") > 0) {
            put("attention.key_length", number("head_dim"));
            put("attention.value_length", number("head_dim"));
        }
        boolean layerNorm = type.equals("gpt2") || type.equals("phi");
        for (var field : List.of("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon")) {
            if (config.has(field)) {
                out.put(
                        architecture
                                + ".attention.layer_norm"
                                + (layerNorm ? "" : "_rms")
                                + "_epsilon",
                        config.path(field).floatValue());
            }
        }
        int experts = number("num_local_experts", "num_experts");
        if (experts > 0) {
            put("expert_count", experts);
            put("expert_used_count", number("num_experts_per_tok"));
            int each = number("moe_intermediate_size");
            put("expert_feed_forward_length", each == 0 ? number("intermediate_size") : each);
        }
        if (config.has("norm_topk_prob")) {
            out.put(
                    architecture + ".expert_weights_norm",
                    config.path("norm_topk_prob").booleanValue());
        }
        if (number("sliding_window") > 0) {
            put("attention.sliding_window", number("sliding_window"));
        }
        gemma();
        rope(number("head_dim") > 0 ? number("head_dim") : hidden / heads);
    }

    private void gemma() {
        if (!type.startsWith("gemma")) {
            return;
        }
        for (var cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            if (config.path(cap).isNumber()) {
                out.put(architecture + "." + cap, config.path(cap).floatValue());
            }
        }
        out.put(
                architecture + ".attention.scale",
                (float) (1 / Math.sqrt(config.path("query_pre_attn_scalar").doubleValue())));
        var types = config.path("layer_types");
        int pattern = number("sliding_window_pattern");
        if (pattern > 0 || (types.isArray() && type.startsWith("gemma3"))) {
            put("attention.sliding_window_pattern", pattern > 0 ? pattern : 2);
        }
    }

    private void rope(int headDim) {
        if (type.equals("gpt2")) {
            return;
        }
        var newSpelling = config.path("rope_parameters");
        var full = newSpelling.path("full_attention");
        var parameters = full.isMissingNode() ? newSpelling : full;
        var theta =
                config.has("rope_theta")
                        ? config.path("rope_theta")
                        : parameters.path("rope_theta");
        if (theta.isNumber()) {
            out.put(architecture + ".rope.freq_base", theta.floatValue());
        }
        double share = config.path("partial_rotary_factor").asDouble(1);
        int rotated = (int) (headDim * share);
        put("rope.dimension_count", rotated);
        var scaling = config.path("rope_scaling");
        if (!scaling.isObject()) {
            return;
        }
        var kind = scaling.path(scaling.has("rope_type") ? "rope_type" : "type").stringValue();
        switch (kind) {
            case "linear" -> {
                out.put(architecture + ".rope.scaling.type", "linear");
                out.put(architecture + ".rope.scaling.factor", scaling.path("factor").floatValue());
            }
            case "yarn" -> {
                out.put(architecture + ".rope.scaling.type", "yarn");
                out.put(architecture + ".rope.scaling.factor", scaling.path("factor").floatValue());
                put(
                        "rope.scaling.original_context_length",
                        scaling.path("original_max_position_embeddings").intValue());
            }
            case "llama3" -> llama3(scaling, theta.doubleValue(), rotated);
            case "longrope" -> {
                int original = number("original_max_position_embeddings");
                double stretch = (double) number("max_position_embeddings") / original;
                put("rope.scaling.original_context_length", original);
                out.put(
                        architecture + ".rope.scaling.attn_factor",
                        (float)
                                (stretch <= 1
                                        ? 1
                                        : Math.sqrt(1 + Math.log(stretch) / Math.log(original))));
                floats("rope_factors_long.weight", scaling.path("long_factor"));
                floats("rope_factors_short.weight", scaling.path("short_factor"));
            }
            default -> throw new IllegalArgumentException(kind);
        }
    }

    private void floats(String name, JsonNode numbers) {
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers.path(i).floatValue();
        }
        f32(name, values, values.length);
    }

    private void llama3(JsonNode scaling, double theta, int rotated) {
        double original = scaling.path("original_max_position_embeddings").doubleValue();
        double low = scaling.path("low_freq_factor").doubleValue();
        double high = scaling.path("high_freq_factor").doubleValue();
        double factor = scaling.path("factor").doubleValue();
        float[] factors = new float[rotated / 2];
        for (int i = 0; i < factors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / rotated);
            double smooth = (original / wavelength - low) / (high - low);
            factors[i] =
                    (float)
                            (wavelength < original / high
                                    ? 1
                                    : wavelength > original / low
                                            ? factor
                                            : 1 / ((1 - smooth) / factor + smooth));
        }
        f32("rope_freqs.weight", factors, factors.length);
    }

    private void tensor(String name, int type, byte[] bytes, long... dims) {
        parts.get(tensorCount % parts.size()).tensor(name, type, bytes, dims);
        tensorCount++;
    }

    private void put(String key, int value) {
        out.put(architecture + "." + key, value);
    }

    // ------------------------------------------------------------------ tensors

    private void tensor(String name) {
        if (name.equals("lm_head.weight") && type.equals("gpt2")) {
            return;
        }
        var tensor = checkpoint.tensor(name);
        float[] values = tensor.floats();
        int columns = tensor.dimension(tensor.shape().size() - 1);
        if (type.equals("gpt2") && name.matches(".*\\.c_\\w+\\.weight")) {
            values = turned(values, columns);
            columns = tensor.dimension(0);
        }
        if (architecture.equals("llama") && name.matches(".*\\.[qk]_proj\\.(weight|bias)")) {
            int heads =
                    name.contains("q_proj")
                            ? number("num_attention_heads")
                            : number("num_key_value_heads");
            values = inTurns(values, heads, tensor.shape().size() == 1 ? 1 : columns);
        }
        if (type.startsWith("gemma") && name.endsWith("norm.weight")) {
            for (int i = 0; i < values.length; i++) {
                values[i] += 1;
            }
        }
        if (tensor.shape().size() == 1) {
            f32(ggufName(name), values, columns);
        } else {
            matrix(ggufName(name), matrices, values, columns, values.length / columns);
        }
    }

    /// The first Phi-2 files had queries, keys and values in one tensor.
    private boolean isFused() {
        return type.equals("phi") && number("num_key_value_heads") == number("num_attention_heads");
    }

    private void fused(String queries) {
        float[] q = checkpoint.tensor(queries).floats();
        float[] k = checkpoint.tensor(queries.replace("q_proj", "k_proj")).floats();
        float[] v = checkpoint.tensor(queries.replace("q_proj", "v_proj")).floats();
        float[] all = Arrays.copyOf(q, q.length + k.length + v.length);
        System.arraycopy(k, 0, all, q.length, k.length);
        System.arraycopy(v, 0, all, q.length + k.length, v.length);
        var name = ggufName(queries).replace("attn_q", "attn_qkv");
        if (queries.endsWith(".bias")) {
            f32(name, all, all.length);
        } else {
            int columns = number("hidden_size");
            matrix(name, matrices, all, columns, all.length / columns);
        }
    }

    private void experts(String name, SortedMap<Integer, HostTensor> experts) {
        var first = experts.sequencedValues().getFirst();
        int size = first.dimension(0) * first.dimension(1);
        float[] values = new float[experts.size() * size];
        experts.forEach(
                (e, tensor) -> System.arraycopy(tensor.floats(), 0, values, e * size, size));
        matrix(
                ggufName(name + ".weight"),
                matrices,
                values,
                first.dimension(1),
                first.dimension(0),
                experts.size());
    }

    private void gptOssExperts(String name) {
        var layer = "blk." + LAYER.matcher(name).replaceAll("$1") + ".";
        if (name.endsWith("_blocks")) {
            mxfp4(layer, name.substring(0, name.length() - "_blocks".length()));
        } else if (!name.endsWith("_scales")) {
            var tensor = checkpoint.tensor(name);
            float[] values = tensor.floats();
            int experts = tensor.dimension(0);
            int last = tensor.dimension(tensor.shape().size() - 1);
            boolean isBias = name.endsWith("_bias");
            int in = isBias ? 1 : tensor.dimension(1);
            float[] rows = isBias ? values : turnedEach(values, experts, in, last);
            if (name.contains("gate_up")) {
                expertTensor(
                        layer + "ffn_gate_exps", isBias, half(rows, in, 0), in, last / 2, experts);
                expertTensor(
                        layer + "ffn_up_exps", isBias, half(rows, in, 1), in, last / 2, experts);
            } else {
                expertTensor(layer + "ffn_down_exps", isBias, rows, in, last, experts);
            }
        }
    }

    private void expertTensor(
            String name, boolean isBias, float[] values, int in, int outRows, int experts) {
        if (isBias) {
            f32(name + ".bias", values, outRows, experts);
        } else {
            matrix(name + ".weight", matrices, values, in, outRows, experts);
        }
    }

    /// Blocks as ggml has them: the exponent, then 16 bytes whose lower halves come first.
    private void mxfp4(String layer, String name) {
        var shape = checkpoint.shape(name + "_blocks");
        int experts = (int) (long) shape.get(0);
        int rows = (int) (long) shape.get(1);
        int groups = (int) (long) shape.get(2);
        var levels = checkpoint.bytes(name + "_blocks", "U8", experts, rows, groups, 16);
        var exponents = checkpoint.bytes(name + "_scales", "U8", experts, rows, groups);
        boolean gateUp = name.contains("gate_up");
        for (int half = 0; half < (gateUp ? 2 : 1); half++) {
            int step = gateUp ? 2 : 1;
            var data = ByteBuffer.allocate(experts * rows / step * groups * 17);
            for (int e = 0; e < experts; e++) {
                for (int r = half; r < rows; r += step) {
                    for (int g = 0; g < groups; g++) {
                        long at = ((long) e * rows + r) * groups + g;
                        data.put(exponents.get(ValueLayout.JAVA_BYTE, at));
                        for (int j = 0; j < 16; j++) {
                            data.put(
                                    (byte)
                                            (nibble(levels, at, j)
                                                    | nibble(levels, at, j + 16) << 4));
                        }
                    }
                }
            }
            var kind = gateUp ? (half == 0 ? "gate" : "up") : "down";
            tensor(
                    layer + "ffn_" + kind + "_exps.weight",
                    GgmlType.MXFP4.id(),
                    data.array(),
                    groups * 32L,
                    rows / step,
                    experts);
        }
    }

    private static int nibble(MemorySegment levels, long block, int element) {
        int b = levels.get(ValueLayout.JAVA_BYTE, block * 16 + element / 2) & 255;
        return element % 2 == 0 ? b & 15 : b >> 4;
    }

    private String ggufName(String name) {
        var outside =
                switch (name) {
                    case "model.embed_tokens.weight", "transformer.wte.weight", "wte.weight" ->
                            "token_embd.weight";
                    case "transformer.wpe.weight", "wpe.weight" -> "position_embd.weight";
                    case "model.norm.weight",
                            "model.final_layernorm.weight",
                            "transformer.ln_f.weight",
                            "ln_f.weight" ->
                            "output_norm.weight";
                    case "model.final_layernorm.bias", "transformer.ln_f.bias", "ln_f.bias" ->
                            "output_norm.bias";
                    case "lm_head.weight" -> "output.weight";
                    case "lm_head.bias" -> "output.bias";
                    default -> "";
                };
        if (!outside.isEmpty()) {
            return outside;
        }
        var layer = LAYER.matcher(name);
        if (!layer.matches()) {
            throw new IllegalArgumentException(name);
        }
        var tail = layer.group(2);
        if (tail.equals("self_attn.sinks")) {
            return "blk." + layer.group(1) + ".attn_sinks.weight";
        }
        int dot = tail.lastIndexOf('.');
        return "blk." + layer.group(1) + "." + module(tail.substring(0, dot)) + tail.substring(dot);
    }

    private String module(String module) {
        boolean aroundNorms = type.startsWith("gemma") || type.equals("olmo2");
        return switch (module) {
            case "input_layernorm", "ln_1" -> "attn_norm";
            case "post_attention_layernorm" ->
                    aroundNorms || type.equals("gpt_oss") ? "post_attention_norm" : "ffn_norm";
            case "pre_feedforward_layernorm", "ln_2" -> "ffn_norm";
            case "post_feedforward_layernorm" -> "post_ffw_norm";
            case "self_attn.q_proj" -> "attn_q";
            case "self_attn.k_proj" -> "attn_k";
            case "self_attn.v_proj" -> "attn_v";
            case "self_attn.qkv_proj", "attn.c_attn" -> "attn_qkv";
            case "self_attn.o_proj", "self_attn.dense", "attn.c_proj" -> "attn_output";
            case "self_attn.q_norm" -> "attn_q_norm";
            case "self_attn.k_norm" -> "attn_k_norm";
            case "mlp.gate_proj" -> "ffn_gate";
            case "mlp.up_proj", "mlp.gate_up_proj", "mlp.fc1", "mlp.c_fc" -> "ffn_up";
            case "mlp.down_proj", "mlp.fc2", "mlp.c_proj" -> "ffn_down";
            case "mlp.gate", "mlp.router", "block_sparse_moe.gate" -> "ffn_gate_inp";
            case "mlp.experts.gate_proj", "block_sparse_moe.experts.w1" -> "ffn_gate_exps";
            case "mlp.experts.up_proj", "block_sparse_moe.experts.w3" -> "ffn_up_exps";
            case "mlp.experts.down_proj", "block_sparse_moe.experts.w2" -> "ffn_down_exps";
            default -> throw new IllegalArgumentException(module);
        };
    }

    // ------------------------------------------------------------------ numbers

    private static float[] turned(float[] values, int columns) {
        int rows = values.length / columns;
        float[] turned = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                turned[c * rows + r] = values[r * columns + c];
            }
        }
        return turned;
    }

    private static float[] turnedEach(float[] values, int count, int rows, int columns) {
        float[] turned = new float[values.length];
        int size = rows * columns;
        for (int e = 0; e < count; e++) {
            float[] one = turned(Arrays.copyOfRange(values, e * size, (e + 1) * size), columns);
            System.arraycopy(one, 0, turned, e * size, size);
        }
        return turned;
    }

    /// Every second row.
    private static float[] half(float[] rows, int columns, int first) {
        float[] half = new float[rows.length / 2];
        for (int r = 0; r < half.length / columns; r++) {
            System.arraycopy(rows, (2 * r + first) * columns, half, r * columns, columns);
        }
        return half;
    }

    /// A row of a head's first half, then one of its second.
    private static float[] inTurns(float[] values, int heads, int columns) {
        float[] turns = new float[values.length];
        int perHead = values.length / columns / heads;
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < perHead; i++) {
                int from = h * perHead + i % 2 * (perHead / 2) + i / 2;
                System.arraycopy(
                        values, from * columns, turns, (h * perHead + i) * columns, columns);
            }
        }
        return turns;
    }

    private void f32(String name, float[] values, long... dims) {
        var data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            data.putFloat(value);
        }
        tensor(name, GgmlType.F32.id(), data.array(), dims);
    }

    private void matrix(String name, GgmlType type, float[] values, long... dims) {
        boolean isRouter = name.contains("gate_inp") || name.contains("position");
        boolean isFull = type == GgmlType.F32 || dims[0] % type.blockElements() != 0;
        if (isRouter || isFull) {
            f32(name, values, dims);
        } else {
            tensor(name, type.id(), Quantized.blocks(type, values).bytes(), dims);
        }
    }
}
