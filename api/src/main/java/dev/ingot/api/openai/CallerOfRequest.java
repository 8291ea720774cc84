package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.api.openai.wire.CallerFields;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.PriorityClass;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/// Who a request comes from, by its headers and its body.
///
/// - The tenant is the header `X-Tenant`, which a proxy sets that knows its clients; without it the API key, of which only
///   a hash is kept, and within it the body's `user`.
/// - Tenants do not share cached prefixes; users of one key do.
///
/// @param timeout the shorter one of the body's `timeout` and the header `X-Request-Timeout`; zero for none
/// @param cacheSalt whose cached prefixes it may share
record CallerOfRequest(Caller caller, Duration timeout, String cacheSalt) {
    static final String TENANT = "X-Tenant";
    static final String TIMEOUT = "X-Request-Timeout";

    private static final int MAX_TENANT_CHARS = 256;
    private static final String BEARER = "Bearer ";

    /// @throws ApiException 400 naming the header
    static CallerOfRequest of(HttpRequest request, CallerFields fields) {
        var tenant = tenant(request);
        String domain = tenant.orElseGet(() -> keyOf(request));
        String account =
                tenant.orElse(domain + (fields.user().isEmpty() ? "" : "/" + fields.user()));
        return new CallerOfRequest(
                new Caller(PriorityClass.of(fields.priority()), account),
                timeout(request, fields.timeout()),
                salt(domain, fields.cacheSalt()));
    }

    /// Who shares with whom: the tenant, or a name for the API key; empty without either.
    ///
    /// @throws ApiException 400 naming the header
    static String domainOf(HttpRequest request) {
        return tenant(request).orElseGet(() -> keyOf(request));
    }

    private static Optional<String> tenant(HttpRequest request) {
        var tenant = header(request, TENANT);
        if (tenant.isPresent() && !isName(tenant.get())) {
            throw bad(TENANT, "must be 1 to " + MAX_TENANT_CHARS + " printable ASCII characters");
        }
        return tenant;
    }

    private static Duration timeout(HttpRequest request, Duration asked) {
        var header = header(request, TIMEOUT);
        if (header.isEmpty()) {
            return asked;
        }
        double seconds;
        try {
            seconds = Double.parseDouble(header.get());
        } catch (NumberFormatException _) {
            seconds = Double.NaN;
        }
        if (!CallerFields.isTimeout(seconds)) {
            throw bad(TIMEOUT, "must be a number of seconds above 0 and at most 86400");
        }
        var given = CallerFields.duration(seconds);
        return asked.isPositive() && asked.compareTo(given) < 0 ? asked : given;
    }

    private static String salt(String domain, String asked) {
        // Neither part can be taken for the other: the domain has no line break.
        return domain.isEmpty() && asked.isEmpty() ? "" : domain + "\n" + asked;
    }

    /// A name for the API key that does not tell it; empty without one.
    private static String keyOf(HttpRequest request) {
        String authorization = header(request, "Authorization").orElse("");
        if (!authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return "";
        }
        try {
            byte[] key = authorization.substring(BEARER.length()).getBytes(StandardCharsets.UTF_8);
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key);
            return "key-" + HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    static Optional<String> header(HttpRequest request, String name) {
        return request.getHeader(name).map(header -> header.value().strip());
    }

    private static boolean isName(String name) {
        return !name.isEmpty()
                && name.length() <= MAX_TENANT_CHARS
                && name.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    static ApiException bad(String header, String sentence) {
        return new ApiException(
                ApiError.badField(header, "The header `" + header + "` " + sentence + "."));
    }
}
