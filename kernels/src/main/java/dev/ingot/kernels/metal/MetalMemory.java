package dev.ingot.kernels.metal;

import dev.ingot.engine.ops.DeviceException;
import dev.ingot.kernels.metal.objc.AutoreleasePool;
import dev.ingot.kernels.metal.objc.Frameworks;
import dev.ingot.kernels.metal.objc.MtlBuffer;
import dev.ingot.kernels.metal.objc.MtlDevice;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/// All memory of a device, within its working set.
///
/// Belongs to its device's thread.
@SuppressWarnings("restricted") // addresses from Metal are given their sizes here
final class MetalMemory {
    /// What Metal wants a no-copy buffer to begin and end at: a page of Apple silicon.
    static final long PAGE_BYTES = 16384;

    /// Metal has no empty buffers.
    private static final long LEAST_BYTES = 16;

    private final MetalDevice owner;
    private final MemorySegment device;
    private final MetalLimits limits;
    private final Arena arena = Arena.ofShared();
    private final Set<MetalBuffer> buffers = Collections.newSetFromMap(new IdentityHashMap<>());

    private long allocatedBytes;
    private long inPlaceBytes;
    private long copiedBytes;
    private long convertedBytes;
    private long convertingNanos;

    MetalMemory(MetalDevice owner, MemorySegment device, MetalLimits limits) {
        this.owner = owner;
        this.device = device;
        this.limits = limits;
    }

    /// Memory for Java's own arguments that lives as long as the device.
    MemorySegment scratch(long bytes) {
        return arena.allocate(bytes, Long.BYTES);
    }

    /// Zero-filled shared memory.
    ///
    /// @throws DeviceException of kind `OUT_OF_MEMORY`
    MetalBuffer allocate(String label, long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException(label + ": " + bytes + " bytes");
        }
        long length = Math.max(LEAST_BYTES, bytes);
        requireRoom(label, length);
        try (var _ = new AutoreleasePool()) {
            MemorySegment id = MtlDevice.newBuffer(device, length);
            if (ObjectiveC.isNil(id)) {
                throw outOfMemory(label, length);
            }
            return register(label, id, bytes, length);
        }
    }

    /// Weights as the GPU sees them: the mapped file itself where the system's pages are as large as
    /// Metal's, a copy where they are not or where the weights are in no mapping.
    ///
    /// @param data may begin anywhere
    /// @throws DeviceException of kind `OUT_OF_MEMORY`, or `UNAVAILABLE` if the device has no buffer so large
    MetalSlice weights(String label, MemorySegment data) {
        return weights(label, data, Frameworks.pageBytes());
    }

    /// @param systemPageBytes what a mapping begins and ends at
    MetalSlice weights(String label, MemorySegment data, long systemPageBytes) {
        if (data.isMapped() && systemPageBytes % PAGE_BYTES == 0) {
            long before = data.address() % PAGE_BYTES;
            long length = Math.ceilDiv(before + data.byteSize(), PAGE_BYTES) * PAGE_BYTES;
            MemorySegment pages =
                    MemorySegment.ofAddress(data.address() - before).reinterpret(length);
            inPlaceBytes += data.byteSize();
            return new MetalSlice(inPlace(label, pages), before);
        }
        MetalBuffer copy = allocate(label, data.byteSize());
        copy.contents().copyFrom(data);
        copiedBytes += data.byteSize();
        return new MetalSlice(copy, 0);
    }

    /// A buffer over pages that somebody else owns and keeps until the device has closed.
    ///
    /// @param pages whole ones of [#PAGE_BYTES]
    MetalBuffer inPlace(String label, MemorySegment pages) {
        if (pages.address() % PAGE_BYTES != 0
                || pages.byteSize() % PAGE_BYTES != 0
                || pages.byteSize() == 0) {
            throw new IllegalArgumentException(
                    label
                            + ": "
                            + pages.byteSize()
                            + " bytes at "
                            + pages.address()
                            + " are not whole pages of "
                            + PAGE_BYTES);
        }
        requireRoom(label, pages.byteSize());
        try (var _ = new AutoreleasePool()) {
            MemorySegment id = MtlDevice.newBufferNoCopy(device, pages);
            if (ObjectiveC.isNil(id)) {
                throw outOfMemory(label, pages.byteSize());
            }
            return register(label, id, pages.byteSize(), pages.byteSize());
        }
    }

    /// Gives one buffer back before the device closes; nothing may use it any more.
    void release(MetalBuffer buffer) {
        if (!buffers.remove(buffer)) {
            throw new IllegalArgumentException("'" + buffer.label() + "' is not of this device");
        }
        ObjectiveC.release(buffer.id());
        allocatedBytes -= Math.max(LEAST_BYTES, buffer.bytes());
    }

    /// Bytes of all buffers together.
    long allocatedBytes() {
        return allocatedBytes;
    }

    /// Bytes of weights that the GPU reads where they are mapped.
    long inPlaceBytes() {
        return inPlaceBytes;
    }

    /// Bytes of weights that had to be copied.
    long copiedBytes() {
        return copiedBytes;
    }

    /// Notes that weights had to be brought into a layout that the kernels read.
    ///
    /// @param bytes as they are kept now
    void converted(long bytes, long nanos) {
        convertedBytes += bytes;
        convertingNanos += nanos;
    }

    /// Bytes of weights that were converted at load.
    long convertedBytes() {
        return convertedBytes;
    }

    /// What that took.
    long convertingNanos() {
        return convertingNanos;
    }

    /// Every buffer.
    Set<MetalBuffer> buffers() {
        return buffers;
    }

    /// Gives everything back; views of it throw from then on. What a command buffer still uses, Metal keeps.
    void close() {
        buffers.forEach(buffer -> ObjectiveC.release(buffer.id()));
        buffers.clear();
        arena.close();
    }

    private MetalBuffer register(String label, MemorySegment id, long bytes, long length) {
        MtlBuffer.setLabel(id, label);
        MemorySegment contents = MtlBuffer.contents(id).reinterpret(bytes, arena, null);
        var buffer = new MetalBuffer(owner, label, id, contents);
        buffers.add(buffer);
        allocatedBytes += length;
        return buffer;
    }

    private void requireRoom(String label, long bytes) {
        if (bytes > limits.maxBufferBytes()) {
            throw new DeviceException(
                    DeviceException.Kind.UNAVAILABLE,
                    label
                            + " needs "
                            + bytes
                            + " bytes in one buffer; the device's largest has "
                            + limits.maxBufferBytes());
        }
        if (bytes > limits.workingSetBytes() - allocatedBytes) {
            throw outOfMemory(label, bytes);
        }
    }

    private DeviceException outOfMemory(String label, long bytes) {
        return new DeviceException(
                DeviceException.Kind.OUT_OF_MEMORY,
                label
                        + " needs "
                        + bytes
                        + " bytes; the device's working set is "
                        + limits.workingSetBytes()
                        + ", of which "
                        + allocatedBytes
                        + " are in use");
    }
}
