/// Who runs in the next step: [StepPlanner][dev.ingot.engine.schedule.StepPlanner], a pure function on one screen.
///
/// ```
/// StepPlanner.plan ──▶ wants ──(blocks reserved)──▶ StepPlan ──▶ worker
///                  └─▶ preempt one, plan again
/// ```
@NullMarked
package dev.ingot.engine.schedule;

import org.jspecify.annotations.NullMarked;
