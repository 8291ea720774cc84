/// Who holds which block of the KV cache: plain, single-threaded bookkeeping that the allocator actor owns.
///
/// K and V of a sequence live in *blocks* of a fixed number of positions. A
/// [BlockTable][dev.ingot.engine.kv.BlockTable] lists a sequence's blocks in order; the device follows it and never
/// asks whose a block is. So nothing but this package stands between one request's tokens and another's: a block that
/// is handed out while somebody can still write to it shows up as wrong text, not as an error. Every block is
/// therefore in exactly one of four states, and each move between them is checked:
///
/// ```
///            reserve                    release, last holder
///   free ──────────────▶ referenced ────────────────────────▶ fenced
///    ▲                    ▲      ▲                            │    │
///    │        prefix hit  │      └───────── prefix hit ───────┘    │ its step ended
///    │                    │                 (published ones)       │
///    └── evict, oldest ── cached ◀──── published before ───────────┤
///    └──────────────────────────────── not published ──────────────┘
/// ```
///
/// - *Fenced*: the step in flight may still write to the block, or read it. It is nobody's until that step has ended.
/// - *Cached*: a full block whose K and V are known by their tokens. The next sequence that starts with the same
///   tokens takes it as it is; when memory is short the one that was let go longest ago is overwritten.
///
/// Where some layers attend in a window and others to everything, each [group of layers][dev.ingot.engine.ops.KvGroups]
/// has blocks of its own from the same pool, and those behind a group's window are let go. A prefix is found by the
/// first group's blocks, and used as far as every group still has what the next token attends to.
///
/// [KvAllocator][dev.ingot.engine.kv.KvAllocator] is the way in; the pool and the prefix cache are its parts.
@NullMarked
package dev.ingot.engine.kv;

import org.jspecify.annotations.NullMarked;
