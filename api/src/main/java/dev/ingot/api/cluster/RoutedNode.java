package dev.ingot.api.cluster;

import dev.ingot.api.cluster.Link.EngineCard;
import dev.ingot.api.cluster.Link.EngineLoad;
import dev.ingot.api.cluster.Link.ToGate;
import dev.ingot.scheduler.Engine;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/// What a router knows of one engine node.
final class RoutedNode {
    private final String name;
    private final long number;
    private final PrefixIndex prefixes;
    private final Breaker breaker = new Breaker();

    private @Nullable ActorRef<ToGate> gate;
    private @Nullable ActorRef<Engine.Command> linking;
    private @Nullable ActorRef<Engine.Command> link;
    private @Nullable EngineCard card;
    private @Nullable EngineLoad load;
    private String trouble = "it has not answered yet";
    private boolean unusable;
    private boolean otherClass;
    private boolean drainAsked;
    private int canaryPercent = 100;
    private int onLink;
    private long submitted;
    private long granted;

    /// @param number counts the nodes in the order in which they came
    RoutedNode(String name, ActorRef<ToGate> gate, int mostHashes, long number) {
        this.name = name;
        this.number = number;
        this.gate = gate;
        this.prefixes = new PrefixIndex(mostHashes);
    }

    String name() {
        return name;
    }

    long number() {
        return number;
    }

    @Nullable ActorRef<ToGate> gate() {
        return gate;
    }

    /// @param now its gate; null where the cluster knows none at this address
    void listed(@Nullable ActorRef<ToGate> now) {
        gate = now;
    }

    boolean isListed() {
        return gate != null;
    }

    @Nullable ActorRef<Engine.Command> link() {
        return link;
    }

    ActorRef<Engine.Command> linkOrThrow() {
        if (link == null) {
            throw new IllegalStateException(name + " is not linked");
        }
        return link;
    }

    EngineCard cardOrThrow() {
        if (card == null) {
            throw new IllegalStateException(name + " has not said what it is");
        }
        return card;
    }

    Breaker breaker() {
        return breaker;
    }

    void linking(ActorRef<Engine.Command> to) {
        linking = to;
    }

    /// The link that is still knocking at the gate.
    Optional<ActorRef<Engine.Command>> greeting() {
        return link == null ? Optional.ofNullable(linking) : Optional.empty();
    }

    boolean isLinking() {
        return linking != null;
    }

    /// Its gate lets nobody in.
    ///
    /// @return whether that is news
    boolean refused(String reason) {
        boolean news = !trouble.equals(reason);
        trouble = reason;
        return news;
    }

    /// @param wrong why it cannot be used, or null
    void up(ActorRef<Engine.Command> to, EngineCard now, @Nullable String wrong) {
        linking = null;
        link = to;
        card = now;
        load = null;
        unusable = wrong != null;
        trouble = wrong == null ? "" : wrong;
        onLink = 0;
        submitted = 0;
        granted = 0;
        prefixes.clear(); // Another process may have its address; if not, its next digest says what
        // it has.
    }

    void down(String reason) {
        linking = null;
        link = null;
        load = null;
        onLink = 0;
        submitted = 0;
        granted = 0;
        trouble = reason;
    }

    /// Its link is about to end, as was asked.
    void left() {
        linking = link;
        link = null;
    }

    /// Takes what the node reports.
    ///
    /// @return whether it serves now and did not before, or the other way round
    boolean loaded(EngineLoad now, long nowNanos) {
        boolean before = isServing();
        if (load != null && granted > submitted && submittedAtLastLoad == submitted) {
            granted = submitted; // Who was sent here has not come: it ended before it could.
        }
        submittedAtLastLoad = submitted;
        load = now;
        var said = now.prefixes();
        if (said != null) {
            prefixes.said(said, nowNanos);
        }
        return before != isServing();
    }

    private long submittedAtLastLoad;

    void counted(int inFlight, long everSubmitted) {
        onLink = inFlight;
        submitted = everSubmitted;
        granted = Math.max(granted, submitted);
    }

    void granted(int sequences, long[] chain, long nowNanos) {
        granted += sequences;
        prefixes.sent(chain, nowNanos);
    }

    /// Sequences that are there or on their way, this router's exactly and others' as last reported.
    int inFlight() {
        int others = load == null ? 0 : Math.max(0, load.running() + load.waiting() - load.mine());
        return onLink + (int) (granted - submitted) + others;
    }

    void drain(boolean wanted) {
        drainAsked = wanted;
    }

    boolean isDraining() {
        return drainAsked || (load != null && load.draining());
    }

    /// Whether an operator wants no link with it.
    boolean isLeftAlone() {
        return drainAsked;
    }

    void canary(int percent) {
        canaryPercent = percent;
    }

    /// Says whether most others are of another numeric class.
    ///
    /// @return whether it is marked now and was not
    boolean mark(boolean other) {
        boolean news = other && !otherClass;
        otherClass = other;
        return news;
    }

    boolean isServing() {
        return link != null && !unusable && !isDraining();
    }

    boolean serves(String model) {
        return isServing() && card != null && card.model().equals(model);
    }

    boolean isAllowed(long nowNanos) {
        return breaker.allows(inFlight(), nowNanos);
    }

    /// Its numeric class, if it is linked and has this model.
    Optional<String> classOf(String model) {
        return card == null || link == null || unusable || !card.model().equals(model)
                ? Optional.empty()
                : Optional.of(card.numericClass());
    }

    RoutingPolicy.Candidate candidate(long[] chain) {
        var now = cardOrThrow();
        return new RoutingPolicy.Candidate(
                name,
                inFlight(),
                now.maxSequences() + now.maxWaiting(),
                now.maxSequences(),
                prefixes.matched(chain),
                now.numericClass(),
                canaryPercent);
    }

    /// In a few words, for whoever asks why nothing is served.
    String describe() {
        if (isDraining()) {
            return name + " is draining";
        }
        return name + (trouble.isEmpty() ? " is ready" : ": " + trouble);
    }

    Admin.Node status(long nowNanos) {
        var now = load;
        String state =
                isDraining()
                        ? (link == null ? "drained" : "draining")
                        : link == null ? "away" : unusable ? "unusable" : "serving";
        return new Admin.Node(
                name,
                state,
                trouble,
                breaker.state(nowNanos).name().toLowerCase(java.util.Locale.ROOT),
                card,
                otherClass,
                canaryPercent,
                onLink,
                now == null ? 0 : now.running(),
                now == null ? 0 : now.waiting(),
                now == null ? 0 : now.kvUsage(),
                prefixes.size());
    }
}
