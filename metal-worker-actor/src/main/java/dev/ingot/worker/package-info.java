/// The device's mailbox: loads a model, runs one step after another, names what failed.
///
/// ```
///            Loaded(geometry)          StepCompleted / StepFailed
/// loading ───────────────────▶ ready ◀───────────────────────────── stepping
///    │                           └──────── ExecuteStep ────────────▶
///    └── LoadFailed, then it stops
/// ```
///
/// [MetalWorkerActor][dev.ingot.worker.MetalWorkerActor] is the only owner of the device, the weights, the KV
/// memory and the step's buffers, on one pinned thread for life. It is never restarted in place: an in-flight
/// step would lose its reply. It stops, is watched, and the guardian starts a new one.
@NullMarked
package dev.ingot.worker;

import org.jspecify.annotations.NullMarked;
