package dev.ingot.engine.ops;

/// The memory of all K and V, in blocks, laid out as its device likes to read it.
///
/// Allocated once by [Device#kvCache]. Which block belongs to whom is the allocator's business;
/// the device only follows the slot mapping and the block tables of a [Batch].
public interface KvCache {
    /// Its shape.
    KvGeometry geometry();
}
