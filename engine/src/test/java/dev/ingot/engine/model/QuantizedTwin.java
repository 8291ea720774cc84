package dev.ingot.engine.model;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.weights.Checkpoint;
import dev.ingot.engine.weights.Quantized;
import dev.ingot.engine.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Writes a Hugging Face folder anew: quantized as MLX does it, or in full with what quantized weights stand for.
public final class QuantizedTwin {
    private static final Pattern EXPERT = Pattern.compile("(.*)experts\\.(\\d+)\\.(\\w+)\\.weight");

    private QuantizedTwin() {}

    /// Whether a quantized copy of a model has this tensor quantized, too: matrices but for those of routers.
    private static boolean isQuantized(String name, HostTensor tensor, int granule) {
        return tensor.shape().size() == 2
                && tensor.dimension(1) % granule == 0
                && !name.matches(".*\\.(gate|router)\\.weight");
    }

    /// In full, with other values for every weight that a quantized copy has quantized.
    ///
    /// @param granule what rows are a multiple of
    /// @param values of a matrix in place of its own
    public static void inFull(Path folder, Path target, int granule, UnaryOperator<float[]> values)
            throws IOException {
        var config = config(folder);
        var out = new SafetensorsWriter();
        try (var checkpoint = Checkpoint.open(folder)) {
            for (var name : checkpoint.names().stream().sorted().toList()) {
                var tensor = checkpoint.tensor(name);
                float[] own = tensor.floats();
                out.add(
                        name,
                        DType.F32,
                        shape(tensor),
                        isQuantized(name, tensor, granule) ? values.apply(own) : own);
            }
        }
        write(target, config, out);
    }

    /// As MLX, experts in one tensor.
    ///
    /// @param mode `affine` or `mxfp4`
    public static void mlx(
            Path folder,
            Path target,
            String mode,
            int bits,
            int group,
            Function<float[], Quantized> quantized)
            throws IOException {
        var config = config(folder);
        config.putObject("quantization")
                .put("group_size", group)
                .put("bits", bits)
                .put("mode", mode);
        var out = new SafetensorsWriter();
        try (var checkpoint = Checkpoint.open(folder)) {
            var experts = new TreeMap<String, TreeMap<Integer, HostTensor>>();
            for (var name : checkpoint.names().stream().sorted().toList()) {
                var tensor = checkpoint.tensor(name);
                var expert = EXPERT.matcher(name);
                if (expert.matches()) {
                    experts.computeIfAbsent(
                                    expert.group(1) + "switch_mlp." + expert.group(3),
                                    _ -> new TreeMap<>())
                            .put(Integer.parseInt(expert.group(2)), tensor);
                } else if (isQuantized(name, tensor, group)) {
                    var path = name.substring(0, name.length() - ".weight".length());
                    module(out, path, shape(tensor), bits, group, quantized.apply(tensor.floats()));
                } else {
                    out.add(name, DType.F32, shape(tensor), tensor.floats());
                }
            }
            experts.forEach((path, each) -> {
                var one = each.sequencedValues().getFirst();
                int size = one.dimension(0) * one.dimension(1);
                float[] all = new float[each.size() * size];
                each.forEach(
                        (e, tensor) -> System.arraycopy(tensor.floats(), 0, all, e * size, size));
                var shape = List.of(each.size(), one.dimension(0), one.dimension(1));
                module(out, path, shape, bits, group, quantized.apply(all));
            });
        }
        write(target, config, out);
    }

    private static void module(
            SafetensorsWriter out,
            String path,
            List<Integer> shape,
            int bits,
            int group,
            Quantized quantized) {
        out.addRaw(
                path + ".weight",
                "U32",
                lastOf(shape, bits, Integer.SIZE).toString(),
                quantized.bytes());
        var groups = lastOf(shape, 1, group);
        if (quantized.biases().length == 0) {
            byte[] exponents = new byte[quantized.scales().length];
            for (int i = 0; i < exponents.length; i++) {
                exponents[i] = (byte) (int) quantized.scales()[i];
            }
            out.addRaw(path + ".scales", "U8", groups.toString(), exponents);
        } else {
            out.add(path + ".scales", DType.F16, groups, quantized.scales());
            out.add(path + ".biases", DType.F16, groups, quantized.biases());
        }
    }

    private static List<Integer> shape(HostTensor tensor) {
        return tensor.shape().stream().map(Math::toIntExact).toList();
    }

    private static List<Integer> lastOf(List<Integer> shape, int times, int over) {
        var changed = new ArrayList<>(shape);
        changed.set(shape.size() - 1, shape.getLast() * times / over);
        return changed;
    }

    private static ObjectNode config(Path folder) throws IOException {
        var config =
                (ObjectNode)
                        JsonMapper.shared()
                                .readTree(Files.readAllBytes(folder.resolve("config.json")));
        config.put("torch_dtype", "float32");
        return config;
    }

    private static void write(Path target, ObjectNode config, SafetensorsWriter weights)
            throws IOException {
        Files.createDirectories(target);
        Files.writeString(target.resolve("config.json"), config.toString());
        weights.write(target.resolve("model.safetensors"));
    }
}
