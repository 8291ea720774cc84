package dev.ingot.it.sim;

import com.typesafe.config.Config;
import java.util.PriorityQueue;
import java.util.concurrent.ThreadFactory;
import org.apache.pekko.actor.AbstractScheduler;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.event.LoggingAdapter;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/// The only clock: it stands still while there is something to do, then jumps to the next timer.
public final class SimTime extends AbstractScheduler {
    private static final SimTime[] INSTANCE = new SimTime[1];

    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private long nowNanos;
    private long scheduled;

    /// Pekko makes it by its class name.
    public SimTime(Config config, LoggingAdapter log, ThreadFactory threads) {
        INSTANCE[0] = this;
    }

    /// The clock of the last system that was started.
    static SimTime last() {
        return INSTANCE[0];
    }

    private static final class Timer implements Comparable<Timer>, Cancellable {
        private final long dueNanos;
        private final long number;
        private final Runnable task;
        private final ExecutionContext executor;
        private boolean over;

        Timer(long dueNanos, long number, Runnable task, ExecutionContext executor) {
            this.dueNanos = dueNanos;
            this.number = number;
            this.task = task;
            this.executor = executor;
        }

        @Override
        public int compareTo(Timer other) {
            int byTime = Long.compare(dueNanos, other.dueNanos);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }

        @Override
        public boolean cancel() {
            boolean first = !over;
            over = true;
            return first;
        }

        @Override
        public boolean isCancelled() {
            return over;
        }
    }

    /// Monotonic.
    long nanos() {
        return nowNanos;
    }

    /// Begins anew, without any timer.
    synchronized void reset() {
        timers.clear();
        nowNanos = 0;
        scheduled = 0;
    }

    /// Jumps to the next timer and starts it.
    ///
    /// @return false if no timer is set
    synchronized boolean advance() {
        Timer next;
        do {
            next = timers.poll();
            if (next == null) {
                return false;
            }
        } while (next.over);
        next.over = true;
        nowNanos = Math.max(nowNanos, next.dueNanos);
        next.executor.execute(next.task);
        return true;
    }

    /// As [#advance], if the next timer is due within so long.
    synchronized boolean advanceWithin(long nanos) {
        while (!timers.isEmpty() && timers.peek().over) {
            timers.poll();
        }
        return !timers.isEmpty() && timers.peek().dueNanos <= nowNanos + nanos && advance();
    }

    /// Runs `task` on the executor after `delayNanos`.
    synchronized Cancellable after(long delayNanos, Runnable task, ExecutionContext executor) {
        var timer = new Timer(nowNanos + Math.max(0, delayNanos), scheduled++, task, executor);
        timers.add(timer);
        return timer;
    }

    @Override
    public Cancellable scheduleOnce(
            FiniteDuration delay, Runnable task, ExecutionContext executor) {
        return after(delay.toNanos(), task, executor);
    }

    @Override
    @SuppressWarnings("deprecation") // Abstract all the same.
    public Cancellable schedule(
            FiniteDuration initialDelay,
            FiniteDuration interval,
            Runnable task,
            ExecutionContext executor) {
        return scheduleWithFixedDelay(initialDelay, interval, task, executor);
    }

    @Override
    public double maxFrequency() {
        return 1000;
    }
}
