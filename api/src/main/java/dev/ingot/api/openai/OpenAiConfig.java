package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.WireLimits;
import java.time.Duration;

/// How requests are taken and answered.
///
/// @param maxBodyBytes longer bodies are refused
/// @param bodyTimeout how long a body may take to arrive
/// @param openTimeout how long the engine may take to say whether it takes a request
/// @param keepAliveInterval how long a stream is silent before it says that it is alive
public record OpenAiConfig(
        long maxBodyBytes,
        Duration bodyTimeout,
        Duration openTimeout,
        Duration keepAliveInterval,
        WireLimits limits) {
    /// What holds unless configured otherwise.
    public static final OpenAiConfig DEFAULT =
            new OpenAiConfig(
                    8L << 20,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    WireLimits.DEFAULT);
}
