/// The device's mailbox: loads a model, runs one step after another, names what failed.
///
/// ```
///            Loaded(geometry)          StepCompleted / StepFailed
/// loading ───────────────────▶ ready ◀───────────────────────────── stepping
///    │                           └──────── ExecuteStep ────────────▶
///    └── LoadFailed, then it stops
/// ```
///
/// While a step runs, the next one may come; where the device can hand the tokens over itself, it is encoded and committed
/// at once, with its own half of `StepBuffers` and
/// `SampleBuffers`, so that the device waits for nobody:
///
/// ```
/// device  │ step 1: … sample ─▶ tokens │ step 2: feedSampled(tokens) … sample │ step 3 …
/// worker  │ encode 2, commit           │ tell step 1's tokens; encode 3, commit │
/// ```
///
/// [MetalWorkerActor][dev.ingot.worker.MetalWorkerActor] is the only owner of the device, the weights, the KV
/// memory and the step's buffers, on one pinned thread for life. It is never restarted in place: an in-flight
/// step would lose its reply. It stops, is watched, and the guardian starts a new one.
@NullMarked
package dev.ingot.worker;

import org.jspecify.annotations.NullMarked;
