package dev.ingot.it.sim;

import com.typesafe.config.Config;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.dispatch.AbstractNodeQueue;
import org.apache.pekko.dispatch.DispatcherPrerequisites;
import org.apache.pekko.dispatch.Envelope;
import org.apache.pekko.dispatch.ExecutorServiceConfigurator;
import org.apache.pekko.dispatch.ExecutorServiceFactory;
import org.apache.pekko.dispatch.Mailbox;
import org.apache.pekko.dispatch.MessageQueue;
import org.jspecify.annotations.Nullable;

/// Runs what the actors of a system have to do, one message at a time, in an order that a seed decides.
///
/// While the system starts and stops, which blocks its caller, a thread of its own runs everything in order; in between
/// [#step] runs it on the caller's thread and nothing happens by itself.
final class SimExecutor extends AbstractExecutorService {
    private static final int TRACED = 400;

    private static final Pattern ACTOR = Pattern.compile("Actor\\[[^]]*/([^/\\]#]*)[^]]*]");
    private static final Pattern IDENTITY =
            Pattern.compile("\\$\\$Lambda[^@]*@[0-9a-f]+|@[0-9a-f]{1,8}\\b");

    private final List<Runnable> bag = new ArrayList<>();
    private final Object[] trace = new Object[2 * TRACED];
    private Random order = new Random(0);
    private boolean free = true;
    private boolean hashesTexts;
    private boolean running;
    private long steps;
    private long traced;
    private long hash;
    private String lastActor = "";
    private @Nullable Mailbox lastMailbox;
    private @Nullable Listener listener;
    private @Nullable ActorRef current;

    /// Hears what the actors say to each other, in the order in which it happens.
    interface Listener {
        /// An actor is about to read this.
        void reads(ActorRef actor, Object message);

        /// An actor says this to another while it reads.
        void says(ActorRef actor, Object message);
    }

    /// Pekko makes dispatchers by class name, so this is how they find the one executor of all.
    public static final class Configurator extends ExecutorServiceConfigurator {
        static final SimExecutor EXECUTOR = new SimExecutor();

        public Configurator(Config config, DispatcherPrerequisites prerequisites) {
            super(config, prerequisites);
        }

        @Override
        public ExecutorServiceFactory createExecutorServiceFactory(
                String id, ThreadFactory threads) {
            return new ExecutorServiceFactory() {
                @Override
                public ExecutorService createExecutorService() {
                    return EXECUTOR;
                }
            };
        }
    }

    SimExecutor() {
        var starter = new Thread(this::runFreely, "sim-starter");
        starter.setDaemon(true);
        starter.start();
    }

    @Override
    public synchronized void execute(Runnable task) {
        bag.add(task);
        notifyAll();
    }

    private void runFreely() {
        try {
            while (true) {
                Runnable task;
                synchronized (this) {
                    while (!free || bag.isEmpty()) {
                        wait();
                    }
                    task = bag.removeFirst();
                    running = true;
                }
                task.run();
                synchronized (this) {
                    running = false;
                    notifyAll();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// From now on nothing runs but by [#step].
    synchronized void takeControl() {
        try {
            while (running || !bag.isEmpty()) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        free = false;
    }

    /// Everything runs by itself again.
    synchronized void letGo() {
        free = true;
        notifyAll();
    }

    /// Starts another order of events.
    synchronized void seed(long seed) {
        order = new Random(seed);
        steps = 0;
        traced = 0;
        hash = seed;
    }

    /// From now on this one hears all; null for nobody.
    void listen(@Nullable Listener to) {
        listener = to;
    }

    /// A message has been put into a mailbox.
    void told(Object message) {
        if (listener != null && current != null) {
            listener.says(current, message);
        }
    }

    /// Whether the last step read its message to the end, and its actor lives on.
    boolean lastActorLives() {
        return lastMailbox != null && lastMailbox.shouldProcessMessage();
    }

    /// Who did the last step; empty for a timer.
    String lastActor() {
        return lastActor;
    }

    /// Whether [#hash] is from now on of what the messages say, too, which takes longer.
    void hashTexts(boolean also) {
        hashesTexts = also;
    }

    /// Of all steps so far, in their order: who read a message, and when.
    long hash() {
        return hash;
    }

    /// Steps since the last [#seed].
    long steps() {
        return steps;
    }

    /// Runs one message of one actor.
    ///
    /// @return false if there is nothing to do until time passes
    boolean step() {
        Runnable task;
        synchronized (this) {
            if (bag.isEmpty()) {
                return false;
            }
            int index = draw(order.nextLong());
            task = bag.remove(index); // The others keep their order: timers run in theirs.
        }
        lastActor = "";
        lastMailbox = null;
        if (task instanceof Mailbox mailbox && mailbox.actor() != null) {
            lastActor = mailbox.actor().self().path().name();
            mailbox.processAllSystemMessages(); // As the mailbox does first: its actor may end of
            // them.
            var message =
                    mailbox.shouldProcessMessage()
                            ? head(mailbox.messageQueue())
                            : "(system message)";
            hash = SimDevice.mix(hash ^ nameOf(mailbox));
            hash = SimDevice.mix(hash ^ SimTime.last().nanos());
            if (hashesTexts) {
                hash = SimDevice.mix(hash ^ plain(String.valueOf(message)).hashCode());
            }
            trace(mailbox.actor().self(), message);
            lastMailbox = mailbox;
            current = mailbox.actor().self();
            if (listener != null) {
                listener.reads(current, message);
            }
        }
        steps++;
        task.run();
        current = null;
        return true;
    }

    /// By the actors' names, not by the order in which they became runnable: that depends on hash codes which differ from
    /// run to run. What is no actor's runs in its order.
    private int draw(long number) {
        int drawn = 0;
        long least = Long.MAX_VALUE;
        for (int i = 0; i < bag.size(); i++) {
            long name =
                    bag.get(i) instanceof Mailbox mailbox && mailbox.actor() != null
                            ? nameOf(mailbox)
                            : 0;
            long rank = SimDevice.mix(number + name);
            if (rank < least) {
                least = rank;
                drawn = i;
            }
        }
        return drawn;
    }

    /// Of the whole path: a path's own hash code knows its last name and its depth only, which many actors share.
    private static long nameOf(Mailbox mailbox) {
        long name = 1;
        var path = mailbox.actor().self().path();
        for (var root = path.root(); !path.equals(root); path = path.parent()) {
            name = SimDevice.mix(name ^ path.name().hashCode());
        }
        return name;
    }

    private void trace(ActorRef actor, Object message) {
        boolean watchdog =
                message.getClass().getSimpleName().equals("TimerMsg")
                        && actor.path().name().startsWith("scheduler");
        if (!watchdog) {
            int slot = (int) (2 * (traced++ % TRACED));
            trace[slot] = actor;
            trace[slot + 1] = message;
        }
    }

    private static Object head(MessageQueue queue) {
        Object next =
                switch (queue) {
                    case Queue<?> messages -> messages.peek();
                    case AbstractNodeQueue<?> messages -> messages.peek();
                    default -> null;
                };
        return !(next instanceof Envelope envelope) ? "(system message)" : envelope.message();
    }

    /// The last steps, oldest first, as far as they are remembered.
    List<String> trace() {
        var lines = new ArrayList<String>();
        for (long step = Math.max(0, traced - TRACED); step < traced; step++) {
            int slot = (int) (2 * (step % TRACED));
            if (trace[slot] instanceof ActorRef actor) {
                lines.add(
                        "%6d %s ◀ %s"
                                .formatted(
                                        step,
                                        actor.path().toStringWithoutAddress(),
                                        shortened(String.valueOf(trace[slot + 1]))));
            }
        }
        return lines;
    }

    /// Without what differs from run to run: the actors' numbers, and identities.
    private static String plain(String message) {
        return IDENTITY.matcher(ACTOR.matcher(message).replaceAll("$1")).replaceAll("");
    }

    private static String shortened(String message) {
        var plain = plain(message);
        return plain.length() > 240 ? plain.substring(0, 240) + "…" : plain;
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, @Nullable TimeUnit unit) {
        return true;
    }
}
