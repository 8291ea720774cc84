package dev.ingot.kernels.metal;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.ingot.engine.ops.AffineWeights;
import dev.ingot.engine.ops.BlockWeights;
import dev.ingot.engine.ops.HostTensor;
import dev.ingot.engine.ops.Mxfp4Weights;
import dev.ingot.engine.ops.QuantizedAtLoad;
import dev.ingot.engine.ops.WeightSource;
import dev.ingot.kernels.metal.WeightFormat.Kind;
import dev.ingot.kernels.metal.WeightFormat.Scale;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/// Brings one source of a matrix to where the kernels read it.
///
/// | source | what the kernels read | bits a weight (in the file) |
/// | --- | --- | --- |
/// | F32, F16, BF16, rows of whole quads | the file itself | the same |
/// | the same, other rows | a copy, rows padded | up to three weights more a row |
/// | affine, 4 or 8 bits | the file itself | the same |
/// | affine, 2 or 3 bits | 4-bit levels | 4.5 (2.5, 3.5: 16-bit scales, groups of 64) |
/// | affine, 5 or 6 bits | 8-bit levels | 8.5 (5.5, 6.5) |
/// | MXFP4 | the file itself | 4.25 |
/// | Q4_0 | 4-bit levels apart from F16 scales | 4.5 (4.5) |
/// | Q4_1, Q4_K | 4-bit levels, F32 scales and biases by 32 | 6 (5, 4.5) |
/// | Q5_0 | 8-bit levels apart from F16 scales | 8.5 (5.5) |
/// | Q5_1, Q5_K | 8-bit levels, F32 scales and biases by 32 | 10 (6, 5.5) |
/// | Q8_0, IQ4_NL | 8-bit levels apart from F16 scales | 8.5 (8.5, 4.5) |
/// | Q2_K | 4-bit levels, F32 scales and biases by 16 | 8 (2.63) |
/// | Q3_K | 4-bit levels, F32 scales by 16 | 6 (3.44) |
/// | Q6_K | 8-bit levels, F32 scales by 16 | 10 (6.56) |
/// | IQ4_XS | 8-bit levels, F32 scales by 32 | 9 (4.25) |
/// | MXFP4 of GGUF | as MXFP4 | 4.25 |
/// | NVFP4 | 4-bit floats, F32 scales by 16 | 6 (4.5) |
///
/// Every weight keeps its value. What is converted is counted, with the time, for the log.
final class WeightLoader {
    /// What a buffer may begin at.
    private static final int OFFSET_ALIGNMENT = 4;

    private static final int LEAST_GROUP = 8;

    private final MetalDevice device;
    private final String label;

    WeightLoader(MetalDevice device, String label) {
        this.device = device;
        this.label = label;
    }

    /// @throws IllegalArgumentException if there is no kernel for it
    WeightSlab load(WeightSource source) {
        long start = System.nanoTime();
        WeightSlab slab = loaded(source);
        if (isConverted(source)) {
            device.memory().converted(slab.bytes(), System.nanoTime() - start);
        }
        return slab;
    }

    private static boolean isConverted(WeightSource source) {
        return switch (source) {
            case HostTensor dense -> dense.in() % Kind.F32.step() != 0;
            case AffineWeights affine -> affine.bits() != 4 && affine.bits() != 8;
            case QuantizedAtLoad _, BlockWeights _ -> true;
            case Mxfp4Weights _ -> false;
        };
    }

    private WeightSlab loaded(WeightSource source) {
        return switch (source) {
            case HostTensor dense -> dense(dense);
            case AffineWeights affine -> affine(affine);
            case QuantizedAtLoad full -> quantized(full);
            case Mxfp4Weights mxfp4 ->
                    new WeightSlab(
                            new WeightFormat(Kind.FP4, Mxfp4Weights.GROUP, Scale.E8M0, 0),
                            mxfp4.out(),
                            mxfp4.in(),
                            0,
                            inPlace(mxfp4.levels(), Kind.FP4.alignment()),
                            inPlace(mxfp4.exponents(), OFFSET_ALIGNMENT),
                            nothing());
            case BlockWeights blocks -> blocks(blocks);
        };
    }

    /// Which kernels read it.
    ///
    /// @throws IllegalArgumentException if there is none for it
    Kind kind(WeightSource source) {
        return switch (source) {
            case HostTensor dense -> kind(dense);
            case AffineWeights affine -> affine.bits() <= 4 ? Kind.Q4 : Kind.Q8;
            case QuantizedAtLoad full -> full.bits() == 4 ? Kind.Q4 : Kind.Q8;
            case Mxfp4Weights _ -> Kind.FP4;
            case BlockWeights blocks -> QuantizedLayouts.of(blocks.type()).kind();
        };
    }

    private Kind kind(HostTensor dense) {
        return switch (dense.dtype()) {
            case F32 -> Kind.F32;
            case F16 -> Kind.F16;
            case BF16 -> Kind.BF16;
            case I32, I8 ->
                    throw new IllegalArgumentException(
                            label + ": " + dense.name() + " " + dense.dtype() + " is no weight");
        };
    }

    private WeightSlab dense(HostTensor tensor) {
        Kind kind = kind(tensor);
        int out = tensor.out();
        int in = tensor.in();
        long rowBytes = kind.rowBytes(in);
        long storedBytes = tensor.dtype().bytes(in);
        MetalSlice levels;
        if (rowBytes == storedBytes) {
            levels = inPlace(tensor.data(), kind.alignment());
        } else {
            MetalBuffer padded = device.allocate(label, out * rowBytes);
            for (int row = 0; row < out; row++) {
                MemorySegment.copy(
                        tensor.data(),
                        row * storedBytes,
                        padded.contents(),
                        row * rowBytes,
                        storedBytes);
            }
            levels = new MetalSlice(padded, 0);
        }
        return new WeightSlab(WeightFormat.dense(kind), out, in, 0, levels, levels, levels);
    }

    private WeightSlab affine(AffineWeights w) {
        if (Integer.bitCount(w.group()) != 1 || w.group() < LEAST_GROUP) {
            throw new IllegalArgumentException(
                    label
                            + ": "
                            + w.name()
                            + " in groups of "
                            + w.group()
                            + ": Metal takes powers of two from "
                            + LEAST_GROUP
                            + " on");
        }
        Kind kind = kind(w);
        Scale scale = scale(w.scales());
        MetalSlice levels;
        if (w.bits() == 4 || w.bits() == 8) {
            levels = inPlace(w.levels(), kind.alignment());
        } else {
            MetalBuffer widened = device.allocate(label, w.out() * kind.rowBytes(w.in()));
            long stored = (long) w.in() * w.bits() / Byte.SIZE;
            eachRow(
                    w.out(),
                    row ->
                            QuantizedLayouts.widen(
                                    w.levels().asSlice(row * stored, stored),
                                    w.bits(),
                                    widened.contents(),
                                    row * kind.rowBytes(w.in()),
                                    kind));
            levels = new MetalSlice(widened, 0);
        }
        return new WeightSlab(
                new WeightFormat(kind, w.group(), scale, WeightFormat.STORED),
                w.out(),
                w.in(),
                0,
                levels,
                inPlace(w.scales().data(), OFFSET_ALIGNMENT),
                inPlace(w.biases().data(), OFFSET_ALIGNMENT));
    }

    private WeightSlab quantized(QuantizedAtLoad source) {
        Kind kind = kind(source);
        WeightSlab slab =
                allocated(
                        new WeightFormat(
                                kind, source.group(), scale(source.full()), WeightFormat.STORED),
                        source.out(),
                        source.in());
        eachRow(source.out(), row -> AffineQuantizer.quantize(source, row, slab));
        return slab;
    }

    private WeightSlab blocks(BlockWeights w) {
        WeightSlab slab = allocated(QuantizedLayouts.of(w.type()), w.out(), w.in());
        eachRow(w.out(), row -> QuantizedLayouts.unpack(w, row, slab));
        return slab;
    }

    /// Memory for all that a slab holds.
    private WeightSlab allocated(WeightFormat format, int out, int in) {
        MetalSlice none = nothing();
        WeightSlab sizes = new WeightSlab(format, out, in, 0, none, none, none);
        MetalSlice levels = new MetalSlice(device.allocate(label, sizes.levelBytes()), 0);
        MetalSlice scales = new MetalSlice(device.allocate(label, sizes.scaleBytes()), 0);
        MetalSlice biases =
                format.hasBiases()
                        ? new MetalSlice(device.allocate(label, sizes.scaleBytes()), 0)
                        : scales;
        return new WeightSlab(format, out, in, 0, levels, scales, biases);
    }

    /// Where the data lies, if it may be read from there, or else a copy.
    private MetalSlice inPlace(MemorySegment data, int alignment) {
        boolean aligned =
                data.isNative() && data.address() % Math.max(alignment, OFFSET_ALIGNMENT) == 0;
        if (aligned && data.byteSize() > 0) {
            return device.weights(label, data);
        }
        MetalBuffer copy = device.allocate(label, data.byteSize());
        MemorySegment.copy(data, JAVA_BYTE, 0, copy.contents(), JAVA_BYTE, 0, data.byteSize());
        return new MetalSlice(copy, 0);
    }

    /// For a binding that no kernel reads.
    private MetalSlice nothing() {
        return new MetalSlice(device.faults().word(), 0);
    }

    private Scale scale(HostTensor tensor) {
        return switch (tensor.dtype()) {
            case F32 -> Scale.F32;
            case F16 -> Scale.F16;
            case BF16 -> Scale.BF16;
            case I32, I8 ->
                    throw new IllegalArgumentException(
                            label + ": " + tensor.name() + " " + tensor.dtype() + " is no scale");
        };
    }

    private static void eachRow(int rows, java.util.function.IntConsumer action) {
        IntStream.range(0, rows).parallel().forEach(action);
    }
}
