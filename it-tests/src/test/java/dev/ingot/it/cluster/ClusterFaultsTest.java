package dev.ingot.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.it.Alone;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// What happens to a cluster in its life, one thing after the other in one cluster: a router, two engine nodes of one model and
/// one of another. Numbers are those of the fault catalogue.
///
/// Each test proves that its fault has happened, and that every stream said what an undisturbed one says.
@Alone
@EnabledOnOs(OS.LINUX)
@TestMethodOrder(OrderAnnotation.class)
final class ClusterFaultsTest {
    private static final int STREAMS = 8;
    private static final int TOKENS = 300;
    private static final int ENDLESS = 1500;
    private static final int RESUMED_TOKENS = 150; // All its events are kept for who comes back.
    private static final Duration LONG_CUT = Duration.ofSeconds(20); // The resolver has acted.
    private static final int OTHER = 2;
    private static final int OTHER_TOKENS = 800;
    private static final String OTHER_ASKED =
            "{\"model\":\"other\",\"prompt\":\"hi\",\"ignore_eos\":true,\"max_tokens\":"
                    + OTHER_TOKENS
                    + "}";

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static TestCluster cluster;
    private static Load load;
    private static List<String> undisturbed;

    @BeforeAll
    static void start() {
        var model = Path.of("..", "models", "ingot-small").toString();
        var another =
                List.of(
                        "--served-model-name",
                        "other",
                        "--max-num-seqs",
                        "1",
                        "--max-num-queued-seqs",
                        "1");
        cluster =
                TestCluster.start(
                        List.of(List.of(), List.of(), another),
                        List.of(model, model, "--served-model-name", "ingot-small", "other"),
                        List.of("--shutdown-timeout", "0"));
        load = new Load(cluster.url());
        undisturbed = Load.answers(Load.await(load.start(STREAMS, TOKENS)));
    }

    @AfterAll
    static void stop() {
        load.close();
        cluster.close();
        CLIENT.close();
    }

    private static void await(Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(50))
                .ignoreExceptions() // A node that begins anew answers nobody for a moment.
                .until(condition);
    }

    private static double lost() {
        return cluster.metric("ingot:router_links_lost_total");
    }

    private static double moved() {
        return cluster.metric("ingot:request_resubmissions_total");
    }

    /// Streams that have all begun, on all nodes that there are.
    private static List<Future<Told>> begin() {
        return begin(TOKENS);
    }

    private static List<Future<Told>> begin(int tokens) {
        await(() -> {
            Load.await(load.start(2, 2)); // A node that was lost is tried with one at a time.
            return !cluster.status().contains("\"breaker\":\"open\"")
                    && !cluster.status().contains("\"breaker\":\"probing\"");
        });
        var streams = load.start(STREAMS, tokens);
        await(() -> load.tokens() > 4 * STREAMS);
        return streams;
    }

    private static void assertUndisturbed(List<Future<Told>> streams) {
        assertThat(Load.answers(Load.await(streams))).isEqualTo(undisturbed);
    }

    private static HttpRequest.Builder completion(String body) {
        return HttpRequest.newBuilder(URI.create(cluster.url() + "/v1/completions"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
    }

    // ------------------------------------------------------------------ the network

    private static long cutNanos;

    /// 30, 31: a cut that lasts while the tests about the other model run.
    @Test
    @Order(1)
    void aNodeThatHearsNothingIsLeft() {
        cutNanos = System.nanoTime();
        cutOneWay(true);
    }

    // ------------------------------------------------------------------ models and room

    @Test
    @Order(2)
    void aModelIsServedByTheNodesThatHaveIt() throws IOException, InterruptedException {
        var models =
                CLIENT.send(
                        HttpRequest.newBuilder(URI.create(cluster.url() + "/v1/models")).build(),
                        BodyHandlers.ofString());
        assertThat(models.body()).contains("\"ingot-small\"", "\"other\"");
        double before = computed();
        var answer = CLIENT.send(completion(OTHER_ASKED).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        await(() -> computed() - before >= OTHER_TOKENS);
    }

    private static double computed() {
        return cluster.metric(OTHER, "vllm:iteration_tokens_total_sum");
    }

    /// One runs, one waits, the others are told when to come back; the other model's engines are not asked.
    @Test
    @Order(3)
    void whoFindsNoRoomIsToldWhenToComeBack() {
        int serving = cluster.serving();
        var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
        for (int i = 0; i < 6; i++) {
            answers.add(CLIENT.sendAsync(completion(OTHER_ASKED).build(), BodyHandlers.ofString()));
            if (i == 0) { // Until it runs, it is the one that waits.
                await(() -> cluster.metric(OTHER, "vllm:num_requests_running") == 1);
            }
        }
        var refused =
                answers.stream()
                        .map(CompletableFuture::join)
                        .filter(answer -> answer.statusCode() != 200)
                        .toList();
        assertThat(refused).hasSize(4);
        for (var each : refused) {
            assertThat(each.statusCode()).isEqualTo(429);
            assertThat(each.headers().firstValueAsLong("Retry-After").orElse(0)).isPositive();
        }
        assertThat(cluster.serving()).as("a full node is no broken node").isEqualTo(serving);
        assertThat(cluster.status()).doesNotContain("\"breaker\":\"open\"");
    }

    // ------------------------------------------------------------------ the network, on

    /// 30, 31: the router is at one end of this cut and must not be what it costs.
    @Test
    @Order(4)
    void aNodeThatHearsNothingForLongIsPutOutAndComesBack() {
        while (System.nanoTime() - cutNanos < LONG_CUT.toNanos()) {
            assertThat(Load.await(load.start(2, 20))).allMatch(Told::isDone);
            pause();
        }
        assertThat(cluster.router().log())
                .containsPattern("Node .*" + cluster.nodeName(0) + " is not reached: it is put out")
                .doesNotContain("beginning anew");
        assertThat(cluster.router().isAlive()).isTrue();
        comeBack();
    }

    /// 30, 31
    @Test
    @Order(5)
    void aNodeThatIsNotHeardIsLeftAndComesBack() {
        cutOneWay(false);
        comeBack();
    }

    private static void cutOneWay(boolean toEngine) {
        long held = cluster.heldBytes();
        double before = lost();
        double movedBefore = moved();
        var streams = begin();
        cluster.cutOneWay(0, toEngine);
        await(() -> lost() > before && moved() > movedBefore);
        assertUndisturbed(streams);
        assertThat(cluster.heldBytes()).as("bytes that were held up").isGreaterThan(held);
    }

    private static void comeBack() {
        cluster.heal();
        cluster.awaitServing(3);
        await(() -> cluster.metric(0, "vllm:num_requests_running") == 0);
    }

    private static void pause() {
        try {
            TimeUnit.SECONDS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// 32: a link that comes and goes is soon left alone.
    @Test
    @Order(6)
    void aLinkThatFlapsIsLeftAlone() {
        boolean open = false;
        for (int i = 0; i < 6 && !open; i++) {
            double before = lost();
            cluster.cutOff(1);
            await(() -> lost() > before);
            open = isOpen(); // Now: it is for a second at first.
            cluster.heal();
            cluster.awaitServing(3);
        }
        assertThat(open).as("the breaker: " + cluster.status()).isTrue();
        assertUndisturbed(begin());
    }

    private static boolean isOpen() {
        return cluster.status().contains("\"breaker\":\"open\"");
    }

    // ------------------------------------------------------------------ operators

    @Test
    @Order(7)
    void aNodeThatIsDrainedHandsItsStreamsOn() {
        double movedBefore = moved();
        double lostBefore = lost();
        var streams = begin();
        var admin = cluster.adminUrl();
        // Without the command, whose start takes longer than the streams.
        cluster.post("/cluster/drain?grace=0&node=" + cluster.nodeName(0));
        await(() -> moved() > movedBefore);
        assertThat(NodeProcess.run("cluster", "status", "--url", admin))
                .contains(cluster.nodeName(0) + "  drained")
                .contains(cluster.nodeName(1) + "  serving");
        assertUndisturbed(streams);
        await(() -> cluster.metric(0, "vllm:num_requests_running") == 0);
        NodeProcess.run("cluster", "resume", cluster.nodeName(0), "--url", admin);
        cluster.awaitServing(3);
        assertThat(lost()).as("a drained node is not lost").isEqualTo(lostBefore);
    }

    /// 49
    @Test
    @Order(8)
    void aRollingRestartFailsNoStream() {
        for (int node = 0; node < 2; node++) {
            double before = moved();
            var streams = begin();
            cluster.engine(node).terminate();
            cluster.engine(node).awaitEnd();
            cluster.startAgain(node);
            assertUndisturbed(streams);
            assertThat(moved()).as("streams ran on node %d", node).isGreaterThan(before);
            cluster.awaitServing(3);
        }
    }

    // ------------------------------------------------------------------ clients and routers

    /// 28: the client's connection breaks, and the machine that serves it loses power while it is away: nothing comes from it any
    /// more, not even that its connections end.
    @Test
    @Order(9)
    void aClientComesBackToAStreamWhoseMachineLostPowerMeanwhile() throws InterruptedException {
        var body = Load.request(5, RESUMED_TOKENS, 0).toString();
        var told = Resumer.read(cluster.url(), body, Integer.MAX_VALUE, () -> {});
        assertThat(told.breaks()).isZero();
        double before = lost();
        double movedBefore = moved();
        var disturbed =
                Resumer.read(
                        cluster.url(),
                        body,
                        40,
                        () -> {
                            int node = cluster.metric(0, "vllm:num_requests_running") > 0 ? 0 : 1;
                            cluster.powerOff(node);
                            await(() -> lost() > before && moved() > movedBefore);
                            assertThat(cluster.router().log())
                                    .containsPattern(
                                            cluster.nodeName(node)
                                                    + " is lost with \\d+ sequences: it (is"
                                                    + " silent|does not hear)");
                            cluster.engine(node).kill();
                            cluster.heal();
                            cluster.startAgain(node);
                        });
        assertThat(disturbed.breaks()).isEqualTo(1);
        assertThat(disturbed.answer()).isEqualTo(told.answer());
        cluster.awaitServing(3);
    }

    /// 29: nothing goes on for clients that are gone; and the next router at the address has engines.
    @Test
    @Order(10)
    void aRouterThatIsKilledLeavesNothingRunning() {
        var streams = begin(ENDLESS);
        assertThat(running()).isPositive();
        cluster.router().kill();
        assertThat(Load.await(streams)).anyMatch(told -> !told.isDone());
        await(() -> running() == 0);
        cluster.startRouterAgain();
        cluster.awaitServing(3);
        try (var clients = new Load(cluster.url())) {
            assertThat(Load.answers(Load.await(clients.start(STREAMS, TOKENS))))
                    .isEqualTo(undisturbed);
        }
    }

    private static double running() {
        return cluster.metric(0, "vllm:num_requests_running")
                + cluster.metric(1, "vllm:num_requests_running");
    }

    /// A client that reads so many events, loses its connection and comes back.
    private record Resumer(String answer, int breaks) {
        static Resumer read(String url, String body, int breakAfter, Runnable meanwhile)
                throws InterruptedException {
            var events = new ArrayList<String>();
            int breaks = 0;
            String last = "";
            while (true) {
                var request =
                        HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString(body));
                if (last.isEmpty()) {
                    request.header("X-Resume-Window", "60");
                } else {
                    request.header("Last-Event-ID", last);
                }
                try (var lines = CLIENT.send(request.build(), BodyHandlers.ofLines()).body()) {
                    for (var each = lines.iterator(); each.hasNext(); ) {
                        var line = each.next();
                        if (line.startsWith("id: ")) {
                            last = line.substring(4);
                        } else if (line.equals("data: [DONE]")) {
                            return new Resumer(Told.of(events).answer(), breaks);
                        } else if (line.startsWith("data: ")) {
                            events.add(line);
                            if (breaks == 0 && events.size() == breakAfter) {
                                break;
                            }
                        }
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                breaks++;
                if (breaks > 1) {
                    throw new IllegalStateException("it broke again after " + events);
                }
                meanwhile.run();
            }
        }
    }
}
