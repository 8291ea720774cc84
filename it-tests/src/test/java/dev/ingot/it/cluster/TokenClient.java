package dev.ingot.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Clients that read streams, one after the other each, as cheaply as can be: one thread for all, no JSON. What a
/// client costs here is taken from the servers that run on the same cores.
final class TokenClient {
    private static final byte[] TOKENS = bytes("\"token_ids\":[");
    private static final byte[] LAST_CHUNK = bytes("\r\n0\r\n\r\n");
    private static final byte[] HEAD_END = bytes("\r\n\r\n");
    private static final byte[] OK = bytes("HTTP/1.1 200");
    private static final int MOST_BYTES = 1 << 16;

    private final InetSocketAddress server;
    private final byte[] request;
    private final long spreadNanos;
    private final Samples tokens = new Samples();
    private final Samples gaps = new Samples();
    private final Samples firsts = new Samples();
    private long countFromNanos;

    /// What was seen of all streams, in nanoseconds, smallest first.
    ///
    /// @param tokens the age of each token by its id
    /// @param gaps between two events of a stream
    /// @param firsts from a request to its first token
    /// @param perSecond tokens
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Seen(long[] tokens, long[] gaps, long[] firsts, double perSecond) {
        static double millis(long[] sorted, double share) {
            return sorted[(int) Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
                    * 1e-6;
        }
    }

    /// Numbers, as many as come.
    private static final class Samples {
        private long[] all = new long[1024];
        private int count;

        void add(long each) {
            if (count == all.length) {
                all = Arrays.copyOf(all, 2 * count);
            }
            all[count++] = each;
        }

        long[] sorted() {
            var sorted = Arrays.copyOf(all, count);
            Arrays.sort(sorted);
            return sorted;
        }
    }

    /// @param spread over which the streams begin, so that they do not all end and begin anew at the same time
    TokenClient(String url, String body, Duration spread) {
        var place = URI.create(url);
        server = new InetSocketAddress(place.getHost(), place.getPort());
        request =
                bytes(
                        "POST /v1/completions HTTP/1.1\r\nHost: "
                                + place.getAuthority()
                                + "\r\nContent-Type: application/json\r\nContent-Length: "
                                + body.length()
                                + "\r\n\r\n"
                                + body);
        spreadNanos = spread.toNanos();
    }

    /// Streams for so long, and counts what comes after all have begun.
    ///
    /// @throws IllegalStateException if an answer is no stream or its connection ends
    Seen read(int streams, Duration counted) {
        try (var selector = Selector.open()) {
            var connections = new ArrayList<Connection>();
            for (int i = 0; i < streams; i++) {
                connections.add(new Connection(selector));
            }
            TimeUnit.MILLISECONDS.sleep(100); // All are accepted.
            read(selector, connections, counted);
            for (var each : connections) {
                each.channel.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return new Seen(
                tokens.sorted(),
                gaps.sorted(),
                firsts.sorted(),
                tokens.count * 1e9 / counted.toNanos());
    }

    private void read(Selector selector, List<Connection> connections, Duration counted)
            throws IOException {
        long begin = System.nanoTime();
        countFromNanos = begin + spreadNanos;
        long end = countFromNanos + counted.toNanos();
        int begun = 0;
        for (long now = begin; now < end; now = System.nanoTime()) {
            long next = begin + spreadNanos * begun / connections.size();
            if (begun < connections.size() && now >= next) {
                connections.get(begun++).ask();
                continue;
            }
            long until = begun < connections.size() ? next : end;
            selector.select(
                    key -> ((Connection) key.attachment()).read(),
                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(until - now)));
        }
    }

    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocate(MOST_BYTES);
        private int scanned;
        private long askedNanos;
        private long lastNanos;
        private boolean headRead;

        Connection(Selector selector) throws IOException {
            channel = SocketChannel.open(server);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, this);
        }

        void ask() throws IOException {
            buffer.clear();
            scanned = 0;
            headRead = false;
            lastNanos = 0;
            askedNanos = System.nanoTime();
            if (channel.write(ByteBuffer.wrap(request)) < request.length) {
                throw new IllegalStateException("a request that fills a socket");
            }
        }

        void read() {
            try {
                if (channel.read(buffer) < 0 || !buffer.hasRemaining()) {
                    throw new IllegalStateException("the stream broke: " + text());
                }
                scan(System.nanoTime());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void scan(long now) throws IOException {
            if (!headRead) {
                int head = indexOf(HEAD_END, 0);
                if (head < 0) {
                    return;
                }
                if (indexOf(OK, 0) != 0) {
                    throw new IllegalStateException(text());
                }
                headRead = true;
                scanned = head;
            }
            for (int at = indexOf(TOKENS, scanned); at >= 0; at = indexOf(TOKENS, scanned)) {
                int end = at + TOKENS.length;
                int token = 0;
                int tokensHere = 0;
                while (end < buffer.position() && buffer.get(end) != ']') {
                    int digit = buffer.get(end++) - '0';
                    if (digit < 0) { // A comma.
                        take(token, now);
                        token = 0;
                    } else {
                        token = 10 * token + digit;
                        tokensHere = 1;
                    }
                }
                if (end == buffer.position()) {
                    return; // The rest of it comes later.
                }
                if (tokensHere > 0) {
                    take(token, now);
                    event(now);
                }
                scanned = end;
            }
            if (indexOf(LAST_CHUNK, scanned) >= 0) {
                ask();
            } else if (buffer.position() > MOST_BYTES / 2 && scanned > 0) {
                buffer.flip().position(scanned);
                buffer.compact();
                scanned = 0;
            }
        }

        private void take(int token, long now) {
            if (now >= countFromNanos) {
                tokens.add(PlayedServerMain.ageOf(token, now));
            }
        }

        private void event(long now) {
            if (lastNanos == 0) {
                if (askedNanos >= countFromNanos) {
                    firsts.add(now - askedNanos);
                }
            } else if (now >= countFromNanos) {
                gaps.add(now - lastNanos);
            }
            lastNanos = now;
        }

        private int indexOf(byte[] word, int from) {
            var bytes = buffer.array();
            int last = buffer.position() - word.length;
            for (int i = from; i <= last; i++) {
                if (bytes[i] == word[0]
                        && Arrays.equals(bytes, i, i + word.length, word, 0, word.length)) {
                    return i;
                }
            }
            return -1;
        }

        private String text() {
            return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
