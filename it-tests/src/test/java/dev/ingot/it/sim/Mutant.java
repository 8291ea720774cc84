package dev.ingot.it.sim;

/// A bug that is planted: one place in one source file, and what it says instead.
enum Mutant {
    FENCE_IGNORED_BY_THE_POOL(
            "engine/src/main/java/dev/ingot/engine/kv/BlockPool.java",
            "if (fences[block] > endedStep) {\n            fenced",
            "if (fences[block] > endedStep + 9) {\n            fenced"),
    RELEASE_WITHOUT_A_FENCE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/StepsInFlight.java",
            "running == null ? KvAllocator.NO_STEP : lastStepId",
            "KvAllocator.NO_STEP"),
    RELEASE_LOST(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Holdings.java",
            "release(sequence.id(), trusted);\n        } else",
            "if (sequence.generated() != 5) { release(sequence.id(), trusted); }\n        } else"),
    RELEASE_OF_AN_ORPHAN_LOST(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "holdings.giveBack(each.sequence());\n                continue;",
            "continue;"),
    RELEASED_TWICE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/BlockAllocatorActor.java",
            "blocks.release(sequence, fence);",
            "blocks.release(sequence, fence); blocks.release(sequence, fence);"),
    NEW_EPOCH_REFUSED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Submission.java",
            "return event.epoch() == epoch;",
            "return event.epoch() <= 2;"),
    SAMPLER_STARTS_ANEW(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Admission.java",
            "submit.generated(),\n                        vocabulary",
            "dev.ingot.engine.sequence.Tokens.NONE,\n                        vocabulary"),
    CHUNK_BOUNDARY_OFF_BY_ONE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Holdings.java",
            "sequence.computed(step.plan().slices().get(i).tokens().size());",
            "sequence.computed(step.plan().slices().get(i).tokens().size()"
                    + " + (step.plan().slices().get(i).sampler() == null ? 1 : 0));"),
    PREFIX_WITHOUT_ITS_BEGINNING(
            "engine/src/main/java/dev/ingot/engine/kv/PrefixCache.java",
            "parent.number(), parent.key().salt, hash.next(parent.chainHash(), tokens), tokens",
            "0, parent.key().salt, hash.next(0, tokens), tokens"),
    NAN_LEFT_IN_THE_CACHE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "holdings.endDistrusted(entry.sequence());\n        metrics.rowFailed();",
            "holdings.end(entry.sequence());\n        metrics.rowFailed();"),
    PREEMPTED_BUT_NOT_FORGOTTEN(
            "engine/src/main/java/dev/ingot/engine/schedule/Sequence.java",
            "public void startOver() {\n        computed = 0;",
            "public void startOver() {"),
    CREDIT_IGNORED(
            "engine/src/main/java/dev/ingot/engine/schedule/Sequence.java",
            "return generated() + pending < creditUpTo",
            "return generated() + pending < creditUpTo + 9"),
    STALE_REPLY_BELIEVED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/StepsInFlight.java",
            "if (ended == null || ended.stepId() != stepId) {",
            "if (ended == null) {"),
    PENDING_TOKEN_NOT_FILLED_IN(
            "metal-worker-actor/src/main/java/dev/ingot/worker/StepBefore.java",
            "plan.resolved(sequence -> token(outcomes, sequence))",
            "plan.resolved(sequence -> 0)"),
    RUN_AFTER_A_FAILED_STEP(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/FailedSteps.java",
            "voidNext(step);\n        for",
            "for"),
    PLANNED_AHEAD_OF_THE_CREDIT(
            "engine/src/main/java/dev/ingot/engine/schedule/Sequence.java",
            "return generated() + pending < creditUpTo",
            "return generated() < creditUpTo"),
    FENCE_OF_THE_STEP_BEFORE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/StepsInFlight.java",
            "running == null ? KvAllocator.NO_STEP : lastStepId",
            "runningStepId()"),
    ASKER_FORGOTTEN(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/EngineGuardian.java",
            "for (var asker : asking) {",
            "for (var asker : asking.stream().skip(1).toList()) {"),
    WATCHDOG_ASLEEP(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Watchdog.java",
            "ageNanos > deadline",
            "ageNanos < -deadline"),
    WATCHDOG_BITES_TOO_SOON(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/StepCost.java",
            "long usual = Math.max(SHORTEST_NANOS,",
            "long usual = Math.min(0,"),
    HANDED_BACK_WITHOUT_A_RELEASE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "holdings.end(sequence);\n            metrics.handedBack();",
            "roster.remove(sequence);\n            metrics.handedBack();"),
    HANDED_BACK_BUT_NOT_TOLD(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "entry.replyTo().tell(new HandedBack(sequence.id(), sequence.epoch()));",
            ""),
    DRAINED_WITH_OTHERS_LEFT(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "if (draining && roster.isEmpty()) {",
            "if (draining) {"),
    CANARY_IN_SOMEBODYS_BLOCK(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Canary.java",
            "kv.blockCount(), kv.blockSize(), kv.groups().count()",
            "kv.blockCount() - 1, kv.blockSize(), kv.groups().count()"),
    COPY_FORGOTTEN(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "copies.addAll(each.copies());",
            ""),
    COPY_THE_WRONG_WAY_ROUND(
            "engine/src/main/java/dev/ingot/engine/kv/KvAllocator.java",
            "new BlockCopy(leader.block(g, index), table.block(g, index))",
            "new BlockCopy(table.block(g, index), leader.block(g, index))"),
    FORK_WRITES_INTO_THE_SHARED_BLOCK(
            "engine/src/main/java/dev/ingot/engine/kv/KvAllocator.java",
            "int shared = demand.firstPosition() / blockSize;\n        var holding",
            "int shared = runs(demand.firstPosition());\n        var holding"),
    WINDOW_ONE_TOO_SHORT(
            "engine/src/main/java/dev/ingot/engine/ops/KvGroups.java",
            "Math.max(0, position - window + 1) / blockSize",
            "Math.max(0, position - window + 2) / blockSize"),
    NARROW_WINDOW_TAKEN_FOR_ALL(
            "engine/src/main/java/dev/ingot/engine/ops/KvGroups.java",
            "int window = windows.get(group);",
            "int window = windows.getLast();"),
    HIT_WITHOUT_ITS_WINDOW(
            "engine/src/main/java/dev/ingot/engine/kv/PrefixHits.java",
            "if (!hits.get(i).has(g)) {",
            "if (!hits.get(i).has(0)) {"),
    TIMED_OUT_BUT_NOT_ABORTED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/RequestActor.java",
            "leaveEngine();\n        if (opened) {",
            "if (opened) {"),
    POISON_NOT_ISOLATED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/Suspects.java",
            "if (count > 1 && requests.size() == 1) {",
            "if (count > 1) {"),
    SUSPECTS_TOGETHER(
            "engine/src/main/java/dev/ingot/engine/schedule/StepPlanner.java",
            "if (alone.isPresent()) {",
            "if (alone.isPresent() && alone.get().count() < 0) {"),
    WRONG_STEP_BLAMED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/EngineGuardian.java",
            "? crashed.stepId()",
            "? crashed.stepId() + 1"),
    STOPPED_WORKER_BLAMES_NOBODY(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/EngineGuardian.java",
            "if (stepId != StepPlan.NONE) {",
            "if (stepId < StepPlan.NONE) {"),
    ENDED_SEQUENCE_GOES_ON(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "if (end.isPresent()) {",
            "if (end.isPresent() && id.request() < 0) {"),
    EXPIRED_BUT_NOT_DROPPED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "holdings.end(sequence);\n                metrics.finished(FinishReason.ABORTED);",
            "metrics.finished(FinishReason.ABORTED);"),
    EXPIRED_TOO_LATE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "policy.maxQueueTime().toNanos()) {",
            "4 * policy.maxQueueTime().toNanos()) {"),
    DEADLINE_TOO_LATE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/RequestActor.java",
            "timers.startSingleTimer(Deadline.WHOLE, spec.timeout());",
            "timers.startSingleTimer(Deadline.WHOLE, spec.timeout().multipliedBy(3));"),
    DRAINING_TAKES_NEW(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "if (draining) {\n            var why",
            "if (draining && id.request() < 0) {\n            var why"),
    HANDED_BACK_TWICE(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "entry.replyTo().tell(new HandedBack(sequence.id(), sequence.epoch()));",
            "entry.replyTo().tell(new HandedBack(sequence.id(), sequence.epoch()));"
                    + " entry.replyTo().tell(new HandedBack(sequence.id(), sequence.epoch()));"),
    PENDING_TOKEN_KEPT_AFTER_A_FAILURE(
            "engine/src/main/java/dev/ingot/engine/schedule/Sequence.java",
            "inFlight = 0;\n        pending = 0;",
            "inFlight = 0;"),
    VOID_STEP_BLAMED(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "if (!step.isVoid()) {",
            "if (!step.isVoid() || step.stepId() > 0) {"),
    PLANNED_AHEAD_OF_A_SUSPECT(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "&& roster.running().stream().noneMatch(Sequence::isSuspect)\n"
                    + "                && roster.waiting().suspects().isEmpty()",
            ""),
    LEADER_NEVER_LEAVES(
            "engine/src/main/java/dev/ingot/engine/schedule/Sequence.java",
            "public void leave() {\n        ended = true;",
            "public void leave() {"),
    FORKED_BEFORE_THE_PROMPT_IS_COMPUTED(
            "engine/src/main/java/dev/ingot/engine/schedule/BlockNeeds.java",
            "&& leader.hasPromptComputed()",
            ""),
    OUTPUT_NOT_CHARGED_TO_ITS_TENANT(
            "scheduler-actor/src/main/java/dev/ingot/scheduler/SchedulerActor.java",
            "roster.waiting().chargeOutput(entry.sequence());",
            ""),
    NEWCOMER_MAY_CATCH_UP(
            "engine/src/main/java/dev/ingot/engine/schedule/TenantShares.java",
            "counters.merge(tenant, least, Math::max);",
            "counters.putIfAbsent(tenant, 0L);"),
    CLASS_NOT_CHARGED(
            "engine/src/main/java/dev/ingot/engine/schedule/WaitingLine.java",
            "classes.charge(sequence.caller().priority(), tokens);",
            ""),
    RESERVED_SHARE_IGNORED(
            "engine/src/main/java/dev/ingot/engine/schedule/ClassShares.java",
            "if (isShort(each)) {\n                order.add(each);",
            "if (each == PriorityClass.NORMAL && isShort(each)) {\n"
                    + "                order.add(each);"),
    SALT_FORGOTTEN(
            "engine/src/main/java/dev/ingot/engine/kv/PrefixCache.java",
            "return new Entry(0, PrefixHash.mix(salt), new Key(0, salt, 0, new int[0]), new"
                    + " int[0]);",
            "return new Entry(0, 0, new Key(0, 0, 0, new int[0]), new int[0]);"),
    HASH_BELIEVED(
            "engine/src/main/java/dev/ingot/engine/kv/PrefixCache.java",
            "&& Arrays.equals(tokens, that.tokens)",
            "&& chainHash == that.chainHash");

    private final String file;
    private final String original;
    private final String planted;

    Mutant(String file, String original, String planted) {
        this.file = file;
        this.original = original;
        this.planted = planted;
    }

    /// The source file, from the repository's root.
    String file() {
        return file;
    }

    /// The source with the bug in it.
    ///
    /// @throws IllegalArgumentException if the place is not there exactly once: it has moved, and the mutant with it
    String plantedIn(String source) {
        int at = source.indexOf(original);
        if (at < 0 || source.indexOf(original, at + 1) >= 0) {
            throw new IllegalArgumentException(
                    this + ": '" + original + "' is not once in " + file);
        }
        return source.substring(0, at) + planted + source.substring(at + original.length());
    }
}
