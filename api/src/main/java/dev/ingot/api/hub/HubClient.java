package dev.ingot.api.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The Hub's HTTP: what is in a repository, what a file's content is called, and its bytes.
///
/// What may pass by itself (429, 5xx, a lost connection) is tried again, later and later, or when the server says.
final class HubClient implements AutoCloseable {
    private static final int ATTEMPTS = 6;
    private static final int REDIRECTS = 5;
    private static final Duration CONNECT = Duration.ofSeconds(20);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);
    private static final long MAX_LISTING_BYTES = 32 << 20;

    private final HubSettings settings;

    /// Drops the token where a redirect leads to another host, and keeps the range.
    private final HttpClient following =
            HttpClient.newBuilder()
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .connectTimeout(CONNECT)
                    .build();

    private final HttpClient staying = HttpClient.newBuilder().connectTimeout(CONNECT).build();

    HubClient(HubSettings settings) {
        this.settings = settings;
    }

    /// @param commit that the revision is at
    record Listing(String commit, List<String> files) {}

    /// @param etag the content's name: its SHA-256 or its git hash, where it is one of them
    record Content(String file, String etag, long bytes) {}

    /// The files of a repository at its revision.
    Listing list(Repository repository) throws HubException, InterruptedException {
        var uri =
                at("/api/models/" + repository.id() + "/revision/" + encode(repository.revision()));
        var response =
                send(
                        repository,
                        "its list of files",
                        () ->
                                following.send(
                                        request(uri).GET().build(), BodyHandlers.ofInputStream()));
        try (var body = response.body()) {
            byte[] bytes = body.readNBytes((int) MAX_LISTING_BYTES + 1);
            if (bytes.length > MAX_LISTING_BYTES) {
                throw new HubException(repository + ": its list of files is too long");
            }
            var json = JsonMapper.shared().readTree(bytes);
            var commit = json.path("sha").asString("");
            if (!Repository.isCommit(commit)) {
                throw new HubException(
                        repository + ": expected a commit in field 'sha', found '" + commit + "'");
            }
            var files = new ArrayList<String>();
            for (var sibling : json.path("siblings")) {
                files.add(
                        HubCache.requireInside(repository, sibling.path("rfilename").asString("")));
            }
            return new Listing(commit, files);
        } catch (IOException | JacksonException e) {
            throw new HubException(repository + ": cannot read its list of files: " + e, e);
        }
    }

    /// What a file's content is called and how long it is.
    Content describe(Repository repository, String commit, String file)
            throws HubException, InterruptedException {
        var uri = resolve(repository, commit, file);
        for (int i = 0; i < REDIRECTS; i++) {
            var here = uri;
            var response =
                    send(
                            repository,
                            file,
                            () ->
                                    staying.send(
                                            request(here)
                                                    .header("Accept-Encoding", "identity")
                                                    .HEAD()
                                                    .build(),
                                            BodyHandlers.discarding()));
            var location = response.headers().firstValue("Location");
            boolean redirected = response.statusCode() / 100 == 3 && location.isPresent();
            if (redirected && isSameOrigin(here, location.get())) {
                uri = here.resolve(location.get());
            } else {
                return content(repository, file, response);
            }
        }
        throw new HubException(repository + ": " + file + ": too many redirects");
    }

    private static boolean isSameOrigin(URI from, String location) {
        try {
            var to = from.resolve(location);
            return to.getScheme().equals(from.getScheme())
                    && to.getRawAuthority().equals(from.getRawAuthority());
        } catch (IllegalArgumentException e) {
            return false; // Not for us to follow; what the headers say counts.
        }
    }

    private static Content content(Repository repository, String file, HttpResponse<?> response)
            throws HubException {
        var headers = response.headers();
        var etag =
                headers.firstValue("X-Linked-Etag")
                        .or(() -> headers.firstValue("ETag"))
                        .orElseThrow(() ->
                                new HubException(
                                        repository + ": " + file + ": the server named no ETag"))
                        .replaceFirst("^W/", "")
                        .replace("\"", "");
        var length =
                headers.firstValue("X-Linked-Size").or(() -> headers.firstValue("Content-Length"));
        try {
            long bytes = Long.parseLong(length.orElse(""));
            if (bytes >= 0) {
                return new Content(file, etag, bytes);
            }
        } catch (NumberFormatException e) {
            throw new HubException(
                    repository + ": " + file + ": the server named no length: " + length, e);
        }
        throw new HubException(repository + ": " + file + ": the server named no length");
    }

    /// The bytes `[from, to)` of a file; whoever gets the stream closes it. The stream may end early.
    InputStream open(Repository repository, String commit, Content content, long from, long to)
            throws HubException, InterruptedException {
        var uri = resolve(repository, commit, content.file);
        var response =
                send(
                        repository,
                        content.file,
                        () ->
                                following.send(
                                        request(uri)
                                                .header("Accept-Encoding", "identity")
                                                .header("Range", "bytes=" + from + "-" + (to - 1))
                                                .GET()
                                                .build(),
                                        BodyHandlers.ofInputStream()));
        try {
            if (response.statusCode() == 206) {
                var range = response.headers().firstValue("Content-Range").orElse("");
                if (range.startsWith("bytes " + from + "-")) {
                    return response.body();
                }
                response.body().close();
                throw new HubException(
                        repository
                                + ": "
                                + content.file
                                + ": expected bytes from "
                                + from
                                + ", found '"
                                + range
                                + "'");
            }
            // A server without ranges sends the whole file.
            response.body().skipNBytes(from);
            return response.body();
        } catch (IOException e) {
            throw new HubException(repository + ": " + content.file + ": " + e, e);
        }
    }

    private URI resolve(Repository repository, String commit, String file) {
        var path = new StringBuilder("/" + repository.id() + "/resolve/" + commit);
        for (var part : file.split("/", -1)) {
            path.append('/').append(encode(part));
        }
        return at(path.toString());
    }

    private URI at(String path) {
        return URI.create(settings.endpoint() + path);
    }

    private static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpRequest.Builder request(URI uri) {
        var request =
                HttpRequest.newBuilder(uri).timeout(settings.stall()).header("User-Agent", "ingot");
        settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
        return request;
    }

    private interface Exchange<T> {
        HttpResponse<T> send() throws IOException, InterruptedException;
    }

    /// A successful response, or a redirect that was not followed.
    private <T> HttpResponse<T> send(Repository repository, String what, Exchange<T> exchange)
            throws HubException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            String problem;
            var pause = pause(attempt);
            try {
                var response = exchange.send();
                int status = response.statusCode();
                if (status / 100 == 2 || status / 100 == 3) {
                    return response;
                }
                if (response.body() instanceof InputStream body) {
                    body.close();
                }
                if (status != 429 && status / 100 != 5) {
                    throw refused(repository, what, response);
                }
                problem = "HTTP " + status;
                pause = retryAfter(response).orElse(pause);
            } catch (IOException e) {
                problem = String.valueOf(e.getMessage() == null ? e : e.getMessage());
                if (attempt >= ATTEMPTS) {
                    throw new HubUnreachableException(
                            repository
                                    + ": the Hub at "
                                    + settings.endpoint()
                                    + " cannot be reached: "
                                    + problem,
                            e);
                }
            }
            if (attempt >= ATTEMPTS) {
                throw new HubException(
                        repository
                                + ": "
                                + what
                                + ": the Hub answered "
                                + problem
                                + " "
                                + attempt
                                + " times; try again later");
            }
            Thread.sleep(pause);
        }
    }

    /// Before the attempt after this one.
    Duration pause(int attempt) {
        var pause = settings.firstPause().multipliedBy(1L << Math.min(attempt - 1, 10));
        return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
    }

    private static Optional<Duration> retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("\\d{1,6}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .map(wait -> wait.compareTo(LONGEST_PAUSE) < 0 ? wait : LONGEST_PAUSE);
    }

    private HubException refused(Repository repository, String what, HttpResponse<?> response) {
        int status = response.statusCode();
        var said = response.headers().firstValue("X-Error-Message").map(m -> ": " + m).orElse("");
        var page = settings.endpoint() + "/" + repository.id();
        return new HubException(
                switch (status) {
                    case 401, 403 ->
                            repository
                                    + ": the Hub refused access (HTTP "
                                    + status
                                    + said
                                    + "). If the model is gated, accept its licence at "
                                    + page
                                    + (settings.token().isPresent()
                                            ? " with the account that the token is of"
                                            : " and set HF_TOKEN to a token of that account")
                                    + "; a private or misspelt name is refused in the same way";
                    case 404 ->
                            repository
                                    + ": the Hub has no such model, revision or file (HTTP 404, "
                                    + what
                                    + said
                                    + ")";
                    default ->
                            String.format(
                                    Locale.ROOT,
                                    "%s: %s: the Hub answered HTTP %d%s",
                                    repository,
                                    what,
                                    status,
                                    said);
                });
    }

    @Override
    public void close() {
        following.close();
        staying.close();
    }
}
