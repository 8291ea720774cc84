package dev.ingot.engine.schedule;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One token timeline: the prompt, the tokens sampled so far, and how many of them have K and V.
///
/// - Owned by the scheduler; nobody else writes it.
/// - `computed ≤ planned ≤ length + pending`: what has K and V, what will have once the steps in flight end, and what
///   there is to compute with the tokens that those steps sample. The tokens behind `planned` are what the device
///   still has to be given. One such token is a decode, more are a prefill: of a new prompt, or of a preempted or
///   resumed sequence.
/// - Tokens are appended, never changed.
public final class Sequence {
    private final SequenceId id;
    private final int epoch;
    private final SamplingParams params;
    private final Caller caller;
    private final long cacheSalt;
    private final int promptLength;
    private final int maxLength;

    private int[] tokens;
    private int length;
    private int computed;
    private int inFlight;
    private int pending;
    private int cached;
    private int creditUpTo;
    private int preemptions;
    private int failures;
    private boolean started;
    private boolean suspect;
    private boolean ended;
    private long arrival;
    private int begin;
    private @Nullable Sequence leader;

    /// @param generated output tokens that were delivered before, by an engine that is gone
    /// @param maxLength tokens that prompt and output may reach together: the model's context
    public Sequence(
            SequenceId id,
            int epoch,
            Tokens prompt,
            Tokens generated,
            SamplingParams params,
            Caller caller,
            long cacheSalt,
            int creditUpTo,
            int maxLength) {
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException(id + ": empty prompt");
        }
        this.id = id;
        this.epoch = epoch;
        this.params = params;
        this.caller = caller;
        this.cacheSalt = cacheSalt;
        this.creditUpTo = creditUpTo;
        this.promptLength = prompt.size();
        this.maxLength = (int) Math.min(maxLength, (long) promptLength + params.maxTokens());
        this.tokens = new int[promptLength + generated.size() + 16];
        prompt.copyTo(tokens, 0);
        generated.copyTo(tokens, promptLength);
        this.length = promptLength + generated.size();
    }

    public SequenceId id() {
        return id;
    }

    /// The epoch of the submission that this sequence runs for.
    public int epoch() {
        return epoch;
    }

    public SamplingParams params() {
        return params;
    }

    /// Who asked for it.
    public Caller caller() {
        return caller;
    }

    PriorityClass priority() {
        return caller.priority();
    }

    /// Its place in the order of arrival, from 1 on; 0 until it has come.
    long arrival() {
        return arrival;
    }

    void arrived(long number) {
        arrival = number;
    }

    /// Another sequence with the same prompt computes it first; then this one takes it over.
    public void follow(Sequence first) {
        leader = first;
    }

    /// Whether both have the same prompt, under the same salt.
    public boolean hasPromptOf(Sequence other) {
        return promptLength == other.promptLength
                && cacheSalt == other.cacheSalt
                && Arrays.equals(tokens, 0, promptLength, other.tokens, 0, promptLength);
    }

    /// The sequence that computes the prompt of this one too, while it is there; else null.
    public @Nullable Sequence leader() {
        return leader == null || leader.ended ? null : leader;
    }

    /// Whether it will soon have its prompt from another, and so waits for that one.
    boolean waitsForLeader() {
        var first = leader();
        return first != null && !suspect && first.hasCredit() && !first.hasPromptComputed();
    }

    /// Whether K and V of the whole prompt are in the cache.
    boolean hasPromptComputed() {
        return computed >= promptLength;
    }

    /// Where a sequence goes on that has its prompt from another: its last token is computed again, for its logits.
    int forkPosition() {
        return promptLength - 1;
    }

    /// It is over: nobody can have anything from it any more.
    public void leave() {
        ended = true;
    }

    /// Key of the cached prefixes that it may share.
    public long cacheSalt() {
        return cacheSalt;
    }

    public int promptLength() {
        return promptLength;
    }

    /// Prompt and output tokens so far.
    public int length() {
        return length;
    }

    /// Tokens that the sequence may reach.
    public int maxLength() {
        return maxLength;
    }

    /// Output tokens so far.
    public int generated() {
        return length - promptLength;
    }

    /// Positions whose K and V are in the cache.
    public int computed() {
        return computed;
    }

    /// Prompt tokens that came from the prefix cache when the sequence was first admitted.
    public int cached() {
        return cached;
    }

    /// How often its blocks were taken although its reader was not behind.
    public int preemptions() {
        return preemptions;
    }

    /// Steps that failed with this sequence in them since it last got a token.
    public int failures() {
        return failures;
    }

    /// Whether it was there when something broke, and so runs alone until it is known to be harmless.
    public boolean isSuspect() {
        return suspect;
    }

    /// Something broke with this sequence in the step.
    public void suspect() {
        suspect = true;
    }

    /// Positions whose K and V are in the cache once the steps in flight have ended.
    public int planned() {
        return computed + inFlight;
    }

    /// Whether a step in flight computes something of it.
    public boolean isInFlight() {
        return inFlight > 0;
    }

    /// Tokens that no step has been given yet, the one that a step in flight samples among them.
    public int remaining() {
        return length + pending - planned();
    }

    /// Whether there can be a next token, and it is the client's to have.
    public boolean hasCredit() {
        return generated() + pending < creditUpTo && length + pending < maxLength;
    }

    /// A step is given the next `count` tokens.
    ///
    /// @return whether it samples the token after them
    public boolean plan(int count) {
        if (count > remaining()) {
            throw new IllegalStateException(id + " has no " + count + " tokens for a step");
        }
        inFlight += count;
        if (remaining() > 0) {
            return false;
        }
        pending++;
        return true;
    }

    /// Credit is cumulative: a smaller grant that comes late changes nothing.
    public void grant(int upTo) {
        creditUpTo = Math.max(creditUpTo, upTo);
    }

    /// The tokens at positions `[from, to)`, which are all sampled.
    public Tokens tokens(int from, int to) {
        return Tokens.of(tokens, from, to);
    }

    /// The prompt.
    public Tokens prompt() {
        return tokens(0, promptLength);
    }

    /// The token at `position`, which is below [#length].
    public int token(int position) {
        return tokens[Objects.checkIndex(position, length)];
    }

    /// Takes over K and V of the first `count` positions from the prefix cache.
    public void startAt(int count) {
        if (planned() != 0) {
            throw new IllegalStateException(id + " has computed " + computed + " tokens already");
        }
        computed = count;
        begin = count;
        if (!started) {
            cached = Math.min(count, promptLength);
        }
    }

    /// Where computing its prompt began: what comes before was in the cache.
    int begin() {
        return begin;
    }

    /// Whether any of it was ever computed.
    public boolean hasStarted() {
        return started;
    }

    /// A step has ended: K and V of `count` more positions are in the cache.
    public void computed(int count) {
        if (computed + count > length || count > inFlight) {
            throw new IllegalStateException(id + " computed what it was not given");
        }
        computed += count;
        inFlight -= count;
        started = true;
    }

    /// Appends a sampled token and says whether it was the last one.
    public Optional<FinishReason> append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.min(maxLength, length + Math.max(64, length / 2)));
        }
        tokens[length++] = token;
        pending--;
        failures = 0;
        suspect = false;
        return end();
    }

    /// Why nothing can follow the last token; empty while something can. Also of one that was submitted complete, because
    /// its engine died with the last word on its way.
    public Optional<FinishReason> end() {
        if (generated() == 0) {
            return Optional.empty();
        }
        int token = tokens[length - 1];
        if (generated() >= params.minTokens()
                && (params.eosTokenIds().contains(token)
                        || params.stopTokenIds().contains(token))) {
            return Optional.of(FinishReason.STOP);
        }
        return length >= maxLength ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    }

    /// Its blocks were taken for others; it starts again from its tokens.
    public void preempt() {
        startOver();
        if (hasCredit()) {
            preemptions++;
        }
    }

    /// The step that it was to run in did not take place, through no fault of its own.
    public void startOver() {
        computed = 0;
        begin = 0;
        inFlight = 0;
        pending = 0;
        started = true;
    }

    /// A step with this sequence in it failed; what it wrote is not to be trusted.
    public void failedStep() {
        startOver();
        failures++;
        suspect = true;
    }

    @Override
    public String toString() {
        return id
                + "@"
                + epoch
                + "["
                + promptLength
                + "+"
                + generated()
                + ", computed "
                + computed
                + "]";
    }
}
