package dev.ingot.it.sim;

import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.it.sim.SimSettings.Crowd;
import dev.ingot.scheduler.Engine.Submit;
import java.util.HashMap;
import java.util.Map;

/// Who has got how much of one scheduler, counted by what it has said.
///
/// - Of two tenants that both have something waiting, neither gets ahead of the other by more than twice what the engine
///   holds at once (the bound of Sheng et al., 2024).
/// - A class that has something waiting gets its reserved share of what is computed, less what the engine holds at once.
///
/// Looked at in a crowd only, which has more to do than the engine can; elsewhere there is too little of it.
final class Shares {
    private final SimSettings settings;
    private final Map<String, Account> tenants = new HashMap<>();
    private final Map<PriorityClass, Account> classes = new HashMap<>();
    private long computed;

    /// What somebody has got since both it and those that it is compared with began to wait.
    private static final class Account {
        int waiting;
        long got;
        long gotBefore;
        long computedBefore;
    }

    Shares(SimSettings settings) {
        this.settings = settings;
    }

    private Account tenant(Submit submit) {
        return tenants.computeIfAbsent(submit.caller().tenant(), _ -> new Account());
    }

    private Account priority(Submit submit) {
        return classes.computeIfAbsent(submit.caller().priority(), _ -> new Account());
    }

    /// It waits for its first turn.
    void waits(Submit submit) {
        if (tenant(submit).waiting++ == 0) {
            tenants.values().forEach(each -> each.gotBefore = each.got);
        }
        var priority = priority(submit);
        if (priority.waiting++ == 0) {
            priority.gotBefore = priority.got;
            priority.computedBefore = computed;
        }
    }

    /// It has its first turn.
    void starts(Submit submit, int cached) {
        leaves(submit);
        tenant(submit).got += submit.prompt().size() - cached;
    }

    /// It waits no more.
    void leaves(Submit submit) {
        tenant(submit).waiting--;
        priority(submit).waiting--;
    }

    void computes(Submit submit, int tokens) {
        priority(submit).got += tokens;
        computed += tokens;
    }

    void sampled(Submit submit, int tokens) {
        tenant(submit).got += 2L * tokens;
    }

    void check() {
        if (settings.crowd() == Crowd.OF_TENANTS) {
            long bound = 2L * 2 * settings.maxSequences() * settings.maxModelLength();
            long least = Long.MAX_VALUE;
            long most = Long.MIN_VALUE;
            for (var each : tenants.values()) {
                if (each.waiting > 0) {
                    least = Math.min(least, each.got - each.gotBefore);
                    most = Math.max(most, each.got - each.gotBefore);
                }
            }
            if (most - least > bound && least < most) {
                throw new Violation(
                        "a tenant is ahead of another by "
                                + (most - least)
                                + ": "
                                + tenants.keySet());
            }
        }
        if (settings.crowd() == Crowd.OF_CLASSES) {
            check(PriorityClass.NORMAL, settings.policy().normalShare());
            check(PriorityClass.LOW, settings.policy().lowShare());
        }
    }

    private void check(PriorityClass priority, double share) {
        var account = classes.get(priority);
        if (account == null || account.waiting == 0) {
            return;
        }
        long got = account.got - account.gotBefore;
        long all = computed - account.computedBefore;
        long slack = (settings.maxSequences() + 1L) * settings.maxModelLength();
        if (got < share * all - slack) {
            throw new Violation(
                    "class "
                            + priority
                            + " has got "
                            + got
                            + " of "
                            + all
                            + " tokens, and "
                            + share
                            + " are its share");
        }
    }
}
