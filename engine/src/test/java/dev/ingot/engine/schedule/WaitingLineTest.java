package dev.ingot.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class WaitingLineTest {
    private final WaitingLine line = new WaitingLine(SchedulingPolicy.DEFAULT);
    private int created;

    private Sequence sequence(PriorityClass priority, String tenant, int promptLength) {
        return new Sequence(
                new SequenceId(++created, 0),
                0,
                Tokens.of(new int[promptLength]),
                Tokens.NONE,
                SamplingParams.greedy(10),
                new Caller(priority, tenant),
                0,
                16,
                1000);
    }

    private Sequence add(PriorityClass priority, String tenant, int promptLength) {
        var sequence = sequence(priority, tenant, promptLength);
        line.add(sequence);
        return sequence;
    }

    private List<Sequence> inOrder() {
        var order = new ArrayList<Sequence>();
        line.forEach(order::add);
        return order;
    }

    /// Its turn has come.
    private void run(Sequence sequence) {
        assertThat(line.remove(sequence)).isTrue();
        sequence.startAt(0);
        line.chargePrompt(sequence);
        sequence.plan(sequence.promptLength());
        sequence.computed(sequence.promptLength());
        line.chargeComputed(sequence, sequence.promptLength());
    }

    @Test
    void withinATenantItIsFirstComeFirstServed() {
        var first = add(PriorityClass.NORMAL, "a", 50);
        var second = add(PriorityClass.NORMAL, "a", 1);
        assertThat(inOrder()).containsExactly(first, second);
        assertThat(line.remove(first)).isTrue();
        assertThat(line.remove(first)).isFalse();
        assertThat(inOrder()).containsExactly(second);
    }

    @Test
    void whoComesBackTakesItsOldPlace() {
        var first = add(PriorityClass.NORMAL, "", 5);
        var second = add(PriorityClass.NORMAL, "", 5);
        var third = add(PriorityClass.NORMAL, "", 5);
        line.remove(second);
        line.remove(first);
        line.add(second);
        line.add(first);
        assertThat(inOrder()).containsExactly(first, second, third);
        assertThat(line.size()).isEqualTo(3);
    }

    @Test
    void aMoreUrgentClassComesFirstWhateverTheArrival() {
        var low = add(PriorityClass.LOW, "", 5);
        var normal = add(PriorityClass.NORMAL, "", 5);
        var high = add(PriorityClass.HIGH, "", 5);
        assertThat(inOrder()).containsExactly(high, normal, low);
    }

    @Test
    void tenantsTakeTurnsByTheTokensThatTheyHaveGot() {
        var heavy =
                List.of(
                        add(PriorityClass.NORMAL, "heavy", 100),
                        add(PriorityClass.NORMAL, "heavy", 100));
        var light = new ArrayList<Sequence>();
        for (int i = 0; i < 6; i++) {
            light.add(add(PriorityClass.NORMAL, "light", 30));
        }
        assertThat(inOrder())
                .containsExactly(
                        heavy.get(0),
                        light.get(0),
                        light.get(1),
                        light.get(2),
                        light.get(3),
                        heavy.get(1),
                        light.get(4),
                        light.get(5));
    }

    @Test
    void outputTokensCountTwice() {
        var a = add(PriorityClass.NORMAL, "a", 10);
        var b = add(PriorityClass.NORMAL, "b", 10);
        var nextOfA = add(PriorityClass.NORMAL, "a", 10);
        var nextOfB = add(PriorityClass.NORMAL, "b", 10);
        var afterNextOfB = add(PriorityClass.NORMAL, "b", 10);
        run(a);
        run(b);
        for (int i = 0; i < 6; i++) {
            line.chargeOutput(a);
        }
        // a has 22, b 10 and then 20.
        assertThat(inOrder()).containsExactly(nextOfB, afterNextOfB, nextOfA);
    }

    @Test
    void nobodySavesUpAClaimByBeingAway() {
        for (int i = 0; i < 50; i++) {
            add(PriorityClass.NORMAL, "busy", 10);
            run(inOrder().getFirst());
        }
        var late = add(PriorityClass.NORMAL, "late", 10);
        var busy = add(PriorityClass.NORMAL, "busy", 10);
        var busyToo = add(PriorityClass.NORMAL, "busy", 10);
        var lateToo = add(PriorityClass.NORMAL, "late", 10);
        assertThat(inOrder()).containsExactly(late, busy, lateToo, busyToo);
    }

    @Test
    void whoWasPreemptedDoesNotPayTwice() {
        var a = add(PriorityClass.NORMAL, "a", 100);
        run(a);
        a.append(7);
        a.preempt();
        line.add(a);
        var b = add(PriorityClass.NORMAL, "b", 100);
        var b2 = add(PriorityClass.NORMAL, "b", 100);
        // b starts where a stands, and the first in the line is the one of the tenant that came
        // first.
        assertThat(inOrder()).containsExactly(a, b, b2);
    }

    @Test
    void tenantsWithConstantDemandGetEqualTokensWhateverTheirRequestsAreLike() {
        var random = new Random(5);
        Map<String, Integer> lengths = Map.of("short", 5, "middle", 60, "long", 400);
        var got = new HashMap<String, Integer>();
        lengths.forEach((tenant, length) -> {
            for (int i = 0; i < 3; i++) {
                add(PriorityClass.NORMAL, tenant, length);
            }
        });
        for (int i = 0; i < 5000; i++) {
            var next = line.iterator().next();
            run(next);
            var tenant = next.caller().tenant();
            int output = random.nextInt(10);
            for (int t = 0; t < output; t++) {
                line.chargeOutput(next);
            }
            got.merge(tenant, next.promptLength() + 2 * output, Integer::sum);
            add(PriorityClass.NORMAL, tenant, next.promptLength());
        }
        int least = got.values().stream().mapToInt(Integer::intValue).min().orElseThrow();
        int most = got.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
        assertThat(most - least).as("%s", got).isLessThan(2 * 420);
    }

    @Test
    void theLowestClassIsNotStarvedByEndlessUrgentWork() {
        for (int i = 0; i < 3; i++) {
            add(PriorityClass.HIGH, "", 64);
            add(PriorityClass.LOW, "", 64);
        }
        long low = 0;
        for (int i = 0; i < 4000; i++) {
            var next = line.iterator().next();
            run(next);
            low += next.priority() == PriorityClass.LOW ? 1 : 0;
            add(next.priority(), "", 64);
        }
        assertThat(low).isBetween(190L, 215L);
    }
}
