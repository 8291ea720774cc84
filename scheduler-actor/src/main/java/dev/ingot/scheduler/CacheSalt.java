package dev.ingot.scheduler;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// A tenant's salt as the prefix cache takes it.
public final class CacheSalt {
    private CacheSalt() {}

    /// Salts are compared as 64 bits of a cryptographic hash: a tenant cannot aim at another's.
    public static long of(String cacheSalt) {
        if (cacheSalt.isEmpty()) {
            return 0;
        }
        try {
            var digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(cacheSalt.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(digest).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
