package dev.ingot.api.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Where the Hub and its cache are, by the variables that all its clients read.
///
/// @param endpoint without a slash at its end
/// @param token sent to the endpoint only
/// @param offline nothing is asked of the network
/// @param firstPause before the first retry; each further one waits twice as long
/// @param stall a connection that brings nothing for so long is given up
public record HubSettings(
        URI endpoint,
        Path cache,
        Optional<String> token,
        boolean offline,
        Duration firstPause,
        Duration stall) {
    private static final Set<String> YES = Set.of("1", "true", "yes", "on");
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration STALL = Duration.ofSeconds(30);

    /// Reads `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH` and
    /// `HF_HUB_OFFLINE`.
    ///
    /// @param home of the user
    /// @throws HubException if one of them has no meaning
    public static HubSettings of(Map<String, String> environment, Path home) throws HubException {
        var variables = new Variables(environment);
        var endpoint = variables.text("HF_ENDPOINT").orElse("https://huggingface.co");
        URI uri;
        try {
            uri = URI.create(endpoint.replaceFirst("/+$", ""));
        } catch (IllegalArgumentException e) {
            throw new HubException("HF_ENDPOINT is '" + endpoint + "', expected a URL", e);
        }
        if (uri.getHost() == null
                || !("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))) {
            throw new HubException("HF_ENDPOINT is '" + endpoint + "', expected http(s)://HOST");
        }
        var hubHome =
                variables
                        .path("HF_HOME")
                        .orElseGet(() ->
                                variables
                                        .path("XDG_CACHE_HOME")
                                        .orElse(home.resolve(".cache"))
                                        .resolve("huggingface"));
        var cache = variables.path("HF_HUB_CACHE").orElse(hubHome.resolve("hub"));
        var token = variables.text("HF_TOKEN");
        if (token.isEmpty()) {
            token = read(variables.path("HF_TOKEN_PATH").orElse(hubHome.resolve("token")));
        }
        if (token.filter(t -> t.chars().anyMatch(c -> c <= ' ' || c > '~')).isPresent()) {
            throw new HubException("the Hub's token (HF_TOKEN) has a blank or odd character in it");
        }
        boolean offline =
                variables
                        .text("HF_HUB_OFFLINE")
                        .map(value -> YES.contains(value.toLowerCase(Locale.ROOT)))
                        .orElse(false);
        return new HubSettings(uri, cache.toAbsolutePath(), token, offline, FIRST_PAUSE, STALL);
    }

    private static Optional<String> read(Path file) throws HubException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
        } catch (IOException e) {
            throw new HubException("cannot read the Hub's token in " + file + ": " + e, e);
        }
    }

    /// An empty variable counts as absent.
    private record Variables(Map<String, String> environment) {
        Optional<String> text(String name) {
            return Optional.ofNullable(environment.get(name))
                    .map(String::strip)
                    .filter(value -> !value.isEmpty());
        }

        Optional<Path> path(String name) {
            return text(name).map(Path::of);
        }
    }
}
