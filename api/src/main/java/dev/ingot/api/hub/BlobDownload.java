package dev.ingot.api.hub;

import dev.ingot.api.hub.HubClient.Content;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One file's content on its way into the cache.
///
/// It comes in chunks, several at a time, into `ETAG.ingot.incomplete`; the chunks that are there are noted in
/// `ETAG.ingot.chunks`, so that another process can go on with the rest. The content is hashed before it gets its name.
final class BlobDownload {
    static final int CHUNK_BYTES = 16 << 20;
    private static final int CONNECTIONS = 4;
    private static final int ATTEMPTS_PER_CHUNK = 6;
    private static final int ATTEMPTS_AT_SOUND_CONTENT = 2;

    private static final Logger log = LoggerFactory.getLogger(BlobDownload.class);

    private final HubClient client;
    private final HubSettings settings;
    private final Repository repository;
    private final String commit;
    private final Content content;
    private final Path blob;
    private final Path partial;
    private final Path notes;

    BlobDownload(
            HubClient client,
            HubSettings settings,
            Repository repository,
            String commit,
            Content content,
            Path blob) {
        this.client = client;
        this.settings = settings;
        this.repository = repository;
        this.commit = commit;
        this.content = content;
        this.blob = blob;
        this.partial = partial(blob);
        this.notes = notes(blob);
    }

    private static Path partial(Path blob) {
        return blob.resolveSibling(blob.getFileName() + ".ingot.incomplete");
    }

    private static Path notes(Path blob) {
        return blob.resolveSibling(blob.getFileName() + ".ingot.chunks");
    }

    /// What an earlier process brought of it.
    static long bytesThere(Path blob, Content content) throws IOException {
        var chunks = chunks(blob, content);
        long bytes = 0;
        for (int i = chunks.nextSetBit(0); i >= 0; i = chunks.nextSetBit(i + 1)) {
            bytes += Math.min(CHUNK_BYTES, content.bytes() - (long) i * CHUNK_BYTES);
        }
        return bytes;
    }

    /// The chunks that were brought; none if the notes are not of this content.
    private static BitSet chunks(Path blob, Content content) throws IOException {
        var chunks = new BitSet();
        if (!Files.exists(notes(blob)) || !Files.exists(partial(blob))) {
            return chunks;
        }
        var head = head(content);
        int count = Math.toIntExact(Math.ceilDiv(content.bytes(), (long) CHUNK_BYTES));
        for (var line : Files.readString(notes(blob)).lines().toList()) {
            if (chunks.isEmpty() && line.equals(head)) {
                continue;
            }
            if (!line.matches("\\d{1,9}") || Integer.parseInt(line) >= count) {
                return new BitSet();
            }
            chunks.set(Integer.parseInt(line));
        }
        return chunks;
    }

    private static String head(Content content) {
        return content.bytes() + " bytes in chunks of " + CHUNK_BYTES;
    }

    /// Downloads what is missing and puts the whole in its place. Content of another hash is thrown away and fetched
    /// once more.
    ///
    /// @param arrived hears of bytes as they come, and at first of those that were there; less than 0 for bytes that were
    ///     thrown away
    void run(LongConsumer arrived) throws IOException, HubException, InterruptedException {
        if (Files.isRegularFile(blob) && Files.size(blob) == content.bytes()) {
            arrived.accept(content.bytes()); // Another process was faster.
            return;
        }
        for (int attempt = 1; ; attempt++) {
            bring(arrived);
            var damage = damage();
            if (damage.isEmpty()) {
                break;
            }
            Files.deleteIfExists(partial);
            Files.deleteIfExists(notes);
            if (attempt == ATTEMPTS_AT_SOUND_CONTENT) {
                throw new HubException(
                        repository
                                + ": "
                                + content.file()
                                + ": "
                                + damage.get()
                                + ", "
                                + attempt
                                + " times; it was thrown away, pull again");
            }
            log.warn("{}: {}: {}; fetching it once more", repository, content.file(), damage.get());
            arrived.accept(-content.bytes());
        }
        Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(notes);
    }

    private void bring(LongConsumer arrived)
            throws IOException, HubException, InterruptedException {
        var there = chunks(blob, content);
        if (there.isEmpty()) {
            Files.deleteIfExists(partial);
            Files.writeString(notes, head(content) + "\n");
        }
        arrived.accept(bytesThere(blob, content));
        try (var file =
                FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            fetch(file, there, arrived);
            file.force(true);
        }
    }

    private void fetch(FileChannel file, BitSet there, LongConsumer arrived)
            throws HubException, InterruptedException, IOException {
        int count = Math.toIntExact(Math.ceilDiv(content.bytes(), (long) CHUNK_BYTES));
        var pool = Executors.newFixedThreadPool(CONNECTIONS, Thread.ofVirtual().factory());
        try {
            var tasks = new ExecutorCompletionService<Integer>(pool);
            int waiting = 0;
            for (int i = there.nextClearBit(0); i < count; i = there.nextClearBit(i + 1)) {
                int chunk = i;
                tasks.submit(() -> {
                    fetch(file, chunk, arrived);
                    return chunk;
                });
                waiting++;
            }
            for (; waiting > 0; waiting--) {
                int done = tasks.take().get();
                file.force(false);
                Files.writeString(notes, done + "\n", StandardOpenOption.APPEND);
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case HubException known -> throw known;
                case IOException io -> throw io;
                case InterruptedException interrupted -> throw interrupted;
                case null, default ->
                        throw new IllegalStateException("a download failed unexpectedly", e);
            }
        } finally {
            pool.shutdownNow();
            pool.close();
        }
    }

    /// One chunk, from where the connection broke if it does.
    private void fetch(FileChannel file, int chunk, LongConsumer arrived)
            throws HubException, InterruptedException, IOException {
        long at = (long) chunk * CHUNK_BYTES;
        long end = Math.min(at + CHUNK_BYTES, content.bytes());
        int failures = 0;
        while (at < end) {
            long before = at;
            String problem = "the connection ended early";
            try (var body = client.open(repository, commit, content, at, end);
                    var guard = StallGuard.watch(body, settings.stall())) {
                at = copy(body, guard, file, at, end, arrived);
            } catch (ConnectionLostException e) {
                at = e.at;
                problem = String.valueOf(e.getMessage());
            }
            failures = at > before ? 0 : failures + 1;
            if (failures >= ATTEMPTS_PER_CHUNK) {
                throw new HubException(
                        repository
                                + ": "
                                + content.file()
                                + ": nothing came after byte "
                                + at
                                + " in "
                                + failures
                                + " attempts ("
                                + problem
                                + "); what is there is kept, pull again to go on");
            }
            if (at < end) {
                Thread.sleep(client.pause(Math.max(1, failures)));
            }
        }
    }

    /// The network failed, not the disk.
    private static final class ConnectionLostException extends IOException {
        private static final long serialVersionUID = 1L;

        private final long at;

        ConnectionLostException(long at, IOException cause) {
            super(cause.getMessage(), cause);
            this.at = at;
        }
    }

    private static long copy(
            InputStream body,
            StallGuard guard,
            FileChannel file,
            long from,
            long end,
            LongConsumer arrived)
            throws IOException {
        byte[] buffer = new byte[1 << 16];
        long at = from;
        while (at < end) {
            int read;
            try {
                read = body.read(buffer, 0, (int) Math.min(buffer.length, end - at));
            } catch (IOException e) {
                throw new ConnectionLostException(at, e);
            }
            if (read < 0) {
                return at;
            }
            guard.heard();
            var bytes = ByteBuffer.wrap(buffer, 0, read);
            while (bytes.hasRemaining()) {
                at += file.write(bytes, at);
            }
            arrived.accept(read);
        }
        return at;
    }

    /// What is wrong with the content that was brought; empty where its hash is the one that was promised.
    private Optional<String> damage() throws IOException {
        var expected = content.etag();
        String found;
        if (expected.matches("[0-9a-f]{64}")) {
            found = hash("SHA-256", "");
        } else if (expected.matches("[0-9a-f]{40}")) {
            found = hash("SHA-1", "blob " + content.bytes() + "\0"); // as git names content
        } else {
            return Optional.empty(); // The server's own name for it says nothing about the content.
        }
        return found.equals(expected)
                ? Optional.empty()
                : Optional.of("expected content of hash " + expected + ", found " + found);
    }

    private String hash(String algorithm, String prefix) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + algorithm, e);
        }
        digest.update(prefix.getBytes(StandardCharsets.US_ASCII));
        byte[] buffer = new byte[1 << 20];
        try (var file = Files.newInputStream(partial)) {
            for (int read = file.read(buffer); read >= 0; read = file.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
