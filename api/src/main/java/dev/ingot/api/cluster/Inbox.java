package dev.ingot.api.cluster;

/// Which messages of a link's other end have arrived.
final class Inbox {
    private static final int CONFIRM_AFTER = 32;

    private long next;
    private long confirmed;
    private boolean asked;

    /// What to do with a message.
    enum Verdict {
        /// Take it.
        NEXT,
        /// It was there before.
        KNOWN,
        /// One before it is missing: drop it and ask for all from [#next] on.
        GAP,
        /// One before it is missing, and was asked for already.
        GAP_AGAIN
    }

    /// The number of the first message that has not arrived.
    long next() {
        return next;
    }

    /// A message with this number arrived.
    Verdict receive(long number) {
        if (number < next) {
            return Verdict.KNOWN;
        }
        if (number > next) {
            return gap();
        }
        next++;
        asked = false;
        return Verdict.NEXT;
    }

    /// The other end says what number its next message will have, and said so after all before it.
    ///
    /// @return whether something is missing that has to be asked for
    boolean isMissing(long othersNext) {
        return othersNext > next && gap() == Verdict.GAP;
    }

    private Verdict gap() {
        if (asked) {
            return Verdict.GAP_AGAIN;
        }
        asked = true;
        return Verdict.GAP;
    }

    /// Time has passed: what was asked for and did not come may be asked for again.
    void askAnew() {
        asked = false;
    }

    /// Says what was heard with the message that is about to be sent.
    long confirm() {
        confirmed = next;
        return next;
    }

    /// Whether so much was heard since the last confirmation that the other end should know.
    boolean isConfirmationDue() {
        return next - confirmed >= CONFIRM_AFTER;
    }
}
