/// Who runs next, who owns which block, who is told.
///
/// ```
/// HTTP ⇄ RequestActor ⇄ SchedulerActor ⇄ BlockAllocatorActor
///                            ⇅
///                    MetalWorkerActor (module metal-worker-actor)
/// ```
///
/// - [RequestActor][dev.ingot.scheduler.RequestActor]: one per request; owns what the client was told, and
///   outlives the engine that serves it.
/// - [SchedulerActor][dev.ingot.scheduler.SchedulerActor]: the sequences and the step in flight; the policy is
///   [StepPlanner][dev.ingot.engine.schedule.StepPlanner]'s.
/// - [BlockAllocatorActor][dev.ingot.scheduler.BlockAllocatorActor]: the KV blocks.
/// - [EngineGuardian][dev.ingot.scheduler.EngineGuardian]: starts the three of an engine, watches them, and starts
///   all three anew when one is lost. There is one recovery path: a request whose engine died submits again,
///   with what it has delivered.
///
/// Scheduler and allocator share one thread, so a message between them costs no wake-up. Every actor is a final
/// class with a private constructor, called once inside `Behaviors.setup`; its phases are methods, its messages one
/// exhaustive `switch`.
@NullMarked
package dev.ingot.scheduler;

import org.jspecify.annotations.NullMarked;
