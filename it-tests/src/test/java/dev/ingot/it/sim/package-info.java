/// The production actors under a seeded, single-threaded simulation with virtual time.
///
/// ```
/// Workload ──▶ SimClient ⇄ RequestActor ⇄ SchedulerActor ⇄ BlockAllocatorActor
///                                              ⇅
///                                         SimWorker ──▶ SimDevice (next token = hash of the KV it reads)
/// ```
///
/// - [SimExecutor][dev.ingot.it.sim.SimExecutor] runs one message of one mailbox at a time and draws by seed which
///   mailbox is next; [SimTime][dev.ingot.it.sim.SimTime] is the only clock.
/// - [Faults][dev.ingot.it.sim.Faults] decides what goes wrong, and counts it, so that a test knows that it did.
/// - [Simulation][dev.ingot.it.sim.Simulation] is one seed from its first request to its last: after every message the
///   blocks are checked, at the end every client's log against [Oracle][dev.ingot.it.sim.Oracle].
///
/// The same seed gives the same run. A seed that fails becomes a test.
@NullMarked
package dev.ingot.it.sim;

import org.jspecify.annotations.NullMarked;
