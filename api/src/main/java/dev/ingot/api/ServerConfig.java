package dev.ingot.api;

import dev.ingot.api.openai.OpenAiConfig;
import java.time.Duration;

/// How the server listens.
///
/// @param port 0 for any free one
/// @param sendBufferBytes the kernel's buffer per connection, see [HttpServer]
/// @param idleTimeout a connection without a byte in either direction is closed after so long
/// @param maxConnections more are left waiting in the listener's backlog
public record ServerConfig(
        String host,
        int port,
        int sendBufferBytes,
        Duration idleTimeout,
        int maxConnections,
        OpenAiConfig openAi) {
    public ServerConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("no such port: " + port);
        }
    }

    /// What holds unless configured otherwise.
    public static ServerConfig of(String host, int port) {
        return new ServerConfig(
                host, port, 32 << 10, Duration.ofMinutes(10), 8192, OpenAiConfig.DEFAULT);
    }
}
