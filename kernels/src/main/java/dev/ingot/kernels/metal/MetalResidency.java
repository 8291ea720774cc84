package dev.ingot.kernels.metal;

import dev.ingot.kernels.metal.objc.MetalCallException;
import dev.ingot.kernels.metal.objc.MtlResidencySet;
import dev.ingot.kernels.metal.objc.ObjectiveC;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps weights and KV cache within the GPU's reach between steps, where the system has a way to ask for it.
///
/// Without one, Metal looks after each buffer of each step itself: correct, and slower after a pause.
final class MetalResidency {
    private static final Logger LOG = LoggerFactory.getLogger(MetalResidency.class);

    /// What a virtual machine's GPU is called; its driver has the methods and does not stand by them.
    private static final String PARAVIRTUAL = "Paravirtual";

    private final MemorySegment set;

    private MetalResidency(MemorySegment set) {
        this.set = set;
    }

    /// All buffers as one set, or nothing where there are no sets. A pool has to be open.
    static MetalResidency of(
            MemorySegment device, String deviceName, Collection<MetalBuffer> buffers) {
        if (deviceName.contains(PARAVIRTUAL) || !MtlResidencySet.isSupported(device)) {
            return new MetalResidency(MemorySegment.NULL);
        }
        try {
            MemorySegment set = MtlResidencySet.create(device);
            buffers.forEach(buffer -> MtlResidencySet.add(set, buffer.id()));
            MtlResidencySet.request(set);
            return new MetalResidency(set);
        } catch (MetalCallException e) {
            LOG.warn("The GPU's memory is not kept resident: {}", e.getMessage());
            return new MetalResidency(MemorySegment.NULL);
        }
    }

    /// Has a queue's command buffers rely on it.
    void attach(MemorySegment queue) {
        if (!ObjectiveC.isNil(set)) {
            MtlResidencySet.attach(set, queue);
        }
    }

    void close() {
        if (!ObjectiveC.isNil(set)) {
            MtlResidencySet.end(set);
            ObjectiveC.release(set);
        }
    }
}
