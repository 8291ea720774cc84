package dev.ingot.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.kv.PrefixDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The plain classes behind a link and a router.
final class LinkBookkeepingTest {
    /// A message on its way.
    private record Sent(long number, int payload) {}

    @Test
    void everythingArrivesOnceAndInOrderWhateverTheNetworkDoes() {
        for (int seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            var outbox = new Outbox<Integer>(1000);
            var inbox = new Inbox();
            var wire = new ArrayDeque<Sent>();
            var arrived = new ArrayList<Integer>();
            int lost = 0;
            int said = 0;
            while (arrived.size() < 300) {
                if (said < 300) {
                    wire.add(new Sent(outbox.add(said), said));
                    said++;
                }
                if (random.nextInt(10) == 0 && !wire.isEmpty()) {
                    wire.removeFirst();
                    lost++;
                }
                boolean again = false;
                while (random.nextInt(3) > 0 && !wire.isEmpty()) {
                    var sent = random.nextInt(20) == 0 ? wire.getFirst() : wire.removeFirst();
                    switch (inbox.receive(sent.number())) {
                        case NEXT -> arrived.add(sent.payload());
                        case GAP -> again = true;
                        case KNOWN, GAP_AGAIN -> {}
                    }
                }
                if (wire.isEmpty()) {
                    inbox.askAnew();
                    again |= inbox.isMissing(outbox.next());
                }
                if (again) {
                    outbox.heard(inbox.confirm());
                    long number = outbox.first();
                    for (var kept = outbox.kept(); kept.hasNext(); ) {
                        wire.add(new Sent(number++, kept.next()));
                    }
                }
            }
            assertThat(lost).as("seed %d lost something", seed).isPositive();
            for (int i = 0; i < 300; i++) {
                assertThat(arrived.get(i)).as("seed %d", seed).isEqualTo(i);
            }
        }
    }

    @Test
    void anOldConfirmationChangesNothing() {
        var outbox = new Outbox<String>(3);
        outbox.add("a");
        outbox.add("b");
        outbox.heard(2);
        outbox.heard(1);
        outbox.add("c");
        assertThat(outbox.first()).isEqualTo(2);
        assertThat(outbox.next()).isEqualTo(3);
        assertThat(outbox.isFull()).isFalse();
    }

    @Test
    void whoeverSleptGivesTheOtherItsLeaseAnew() {
        var silence = new Silence(Duration.ofMillis(1500), Duration.ofMillis(250), 0);
        assertThat(silence.isOver(millis(250))).isFalse();
        assertThat(silence.isOver(millis(10_000))).as("we slept").isFalse();
        assertThat(silence.isOver(millis(10_250))).isFalse();
        for (int now = 10_500; now <= 11_500; now += 250) {
            assertThat(silence.isOver(millis(now))).isFalse();
        }
        assertThat(silence.isOver(millis(11_750))).as("the other is silent").isTrue();
    }

    private static long millis(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    @Test
    void theBreakerOpensAfterThreeLossesAndClosesAfterASuccess() {
        var breaker = new Breaker();
        breaker.failed(millis(1));
        breaker.failed(millis(2));
        assertThat(breaker.allows(5, millis(2))).isTrue();
        breaker.failed(millis(3));
        assertThat(breaker.allows(0, millis(4))).isFalse();
        assertThat(breaker.allows(0, millis(2000))).as("one to try").isTrue();
        assertThat(breaker.allows(1, millis(2000))).as("and no more").isFalse();
        breaker.succeeded();
        assertThat(breaker.allows(9, millis(2001))).isTrue();
    }

    @Test
    void aNodeThatFailsWhileItIsTriedWaitsTwiceAsLong() {
        var breaker = new Breaker();
        for (int i = 0; i < 3; i++) {
            breaker.failed(0);
        }
        assertThat(breaker.state(millis(1001))).isEqualTo(Breaker.State.PROBING);
        breaker.failed(millis(1001));
        assertThat(breaker.state(millis(2900))).isEqualTo(Breaker.State.OPEN);
        assertThat(breaker.state(millis(3002))).isEqualTo(Breaker.State.PROBING);
    }

    @Test
    void lossesThatAreLongAgoDoNotCount() {
        var breaker = new Breaker();
        breaker.failed(0);
        breaker.failed(millis(61_000));
        breaker.failed(millis(62_000));
        assertThat(breaker.allows(9, millis(62_000))).isTrue();
    }

    @Test
    void aDigestCorrectsWhatWasSentLongAgoAndKeepsWhatIsYoung() {
        var index = new PrefixIndex(100);
        index.sent(new long[] {1, 2, 3}, 0);
        index.sent(new long[] {1, 7}, millis(9000));
        assertThat(index.matched(new long[] {1, 2, 3, 4})).isEqualTo(3);
        index.said(PrefixDigest.of(new long[] {1, 2}, true), millis(10_000));
        assertThat(index.matched(new long[] {1, 2, 3})).isEqualTo(2);
        assertThat(index.matched(new long[] {1, 7})).isEqualTo(2);
        assertThat(index.matched(new long[] {7})).isEqualTo(1);
    }

    @Test
    void theIndexForgetsTheOldestBeyondItsLimit() {
        var index = new PrefixIndex(2);
        index.sent(new long[] {1, 2, 3}, 0);
        assertThat(index.size()).isEqualTo(2);
        assertThat(index.matched(new long[] {1})).isZero();
        assertThat(index.matched(new long[] {2, 3})).isEqualTo(2);
    }

    @Test
    void theRetryBudgetIsSpentAndComesBackWithRequests() {
        var budget = new RetryBudget();
        while (budget.spend()) {}
        for (int i = 0; i < 9; i++) {
            budget.admitted();
        }
        assertThat(budget.spend()).isFalse();
        budget.admitted();
        budget.admitted();
        assertThat(budget.spend()).isTrue();
    }
}
