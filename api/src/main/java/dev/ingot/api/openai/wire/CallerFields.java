package dev.ingot.api.openai.wire;

import java.time.Duration;

/// What both kinds of request say about who asks, how urgently, and for how long.
///
/// @param priority as vLLM has it: lower comes earlier, 0 is what most have
/// @param user OpenAI's name for whom the client asks for; empty where it says nothing
/// @param timeout from arrival to the last word; zero where the client has all the time
/// @param cacheSalt requests share cached prefixes only within one salt; empty for none of their own
public record CallerFields(long priority, String user, Duration timeout, String cacheSalt) {
    private static final int MAX_NAME_CHARS = 256;
    private static final int MAX_TIMEOUT_SECONDS = 86_400;

    static CallerFields read(Fields body) {
        Long priority = body.longInteger("priority", Integer.MIN_VALUE, Integer.MAX_VALUE);
        Float seconds =
                body.number(
                        "timeout",
                        CallerFields::isTimeout,
                        "a number of seconds above 0 and at most " + MAX_TIMEOUT_SECONDS);
        return new CallerFields(
                priority == null ? 0 : priority,
                name(body, "user"),
                seconds == null ? Duration.ZERO : duration(seconds),
                name(body, "cache_salt"));
    }

    /// Whether a request may ask to end within so many seconds.
    public static boolean isTimeout(double seconds) {
        return seconds >= 1e-3 && seconds <= MAX_TIMEOUT_SECONDS;
    }

    /// So many seconds, to the millisecond.
    public static Duration duration(double seconds) {
        return Duration.ofMillis(Math.round(seconds * 1e3));
    }

    private static String name(Fields body, String field) {
        String name = body.string(field);
        if (name != null && (name.isEmpty() || name.length() > MAX_NAME_CHARS)) {
            throw Fields.bad(field, "must be a string of 1 to " + MAX_NAME_CHARS + " characters");
        }
        return name == null ? "" : name;
    }
}
