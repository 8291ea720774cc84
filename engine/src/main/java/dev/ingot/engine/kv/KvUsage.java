package dev.ingot.engine.kv;

/// How the blocks are used right now. The four states add up to the pool.
///
/// @param free hold nothing
/// @param cached held by nobody, kept for a prefix hit; evicted when needed
/// @param referenced held by sequences
/// @param fenced given back, but a step in flight may still touch them
public record KvUsage(int free, int cached, int referenced, int fenced) {
    /// All blocks.
    public int total() {
        return free + cached + referenced + fenced;
    }

    /// Blocks that a sequence can get now.
    public int available() {
        return free + cached;
    }
}
