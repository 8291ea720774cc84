package dev.ingot.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.it.Alone;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import tools.jackson.databind.json.JsonMapper;

/// 29: two routers that name each other and two engine nodes, each of which serves both. The older router is killed under its
/// streams, the one that the other would have to obey.
@Alone
@EnabledOnOs(OS.LINUX)
final class TwoRoutersTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int STREAMS = 8;
    private static final int TOKENS = 200;
    private static final int ENDLESS = 1500;
    private static final int WITH_STOP_STRINGS = 6; // Of [Load#request].
    private static final String RUNNING = "vllm:num_requests_running";
    private static final String BLOCKS = "vllm:kv_cache_usage_perc";

    private static void await(Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(50))
                .until(condition);
    }

    @Test
    void aRouterThatIsKilledTakesOnlyItsOwnStreamsWithIt()
            throws IOException, InterruptedException {
        try (var cluster = new LoopbackCluster(2, TwoRoutersTest::start)) {
            for (int i = 0; i < 2; i++) {
                cluster.add(startEngine(cluster, i));
            }
            cluster.awaitServing(2);
            var router = cluster.router(1);
            try (var lost = new Load(cluster.router(0).url());
                    var kept = new Load(router.url());
                    var client = HttpClient.newHttpClient()) {
                var undisturbed = Load.answers(Load.await(kept.start(STREAMS, TOKENS)));
                var begun = Beginning.of(client, cluster.router(0).url());
                var cutOff = lost.start(STREAMS, ENDLESS);
                var goingOn = kept.start(STREAMS, TOKENS);
                await(() -> lost.tokens() > 4 * STREAMS && kept.tokens() > 4 * STREAMS);
                for (int i = 0; i < 2; i++) {
                    assertThat(cluster.metric(i, RUNNING)).as("engine %d", i).isPositive();
                }
                cluster.router(0).process().kill();

                cutOff.remove(WITH_STOP_STRINGS); // It may have ended before.
                assertThat(Load.await(cutOff)).noneMatch(Told::isDone);
                assertThat(Load.answers(Load.await(goingOn))).isEqualTo(undisturbed);
                await(() -> held(cluster) == 0);
                assertThat(cluster.metric(router, "ingot:router_links_lost_total")).isZero();
                assertThat(cluster.metric(router, "ingot:request_resubmissions_total")).isZero();

                // A stream's events are kept by its router alone; asked for anew, it says the same.
                var refused = ask(client, router.url(), "Last-Event-ID", begun.lastEvent());
                assertThat(refused.statusCode()).isEqualTo(404);
                assertThat(refused.body()).anyMatch(line -> line.contains("another server has it"));
                assertThat(Beginning.of(client, router.url()).tokens()).isEqualTo(begun.tokens());

                assertReady(cluster);
                router.process().awaitLog("Node .* is not reached: it is put out");
                cluster.awaitServing(2);
                assertThat(Load.answers(Load.await(kept.start(STREAMS, TOKENS))))
                        .isEqualTo(undisturbed);
                assertThat(router.process().log()).doesNotContain("beginning anew");
                for (int i = 0; i < 2; i++) {
                    assertThat(cluster.engine(i).log()).doesNotContain("beginning anew");
                    cluster.engine(i).kill();
                }
                await(() -> cluster.get(router.url() + "/ready").statusCode() == 503);
            }
        }
    }

    private static NodeProcess start(String name, List<String> flags) {
        return NodeProcess.start(name, List.of(), flags);
    }

    private static NodeProcess startEngine(LoopbackCluster cluster, int number) {
        return start(
                "engine-" + number,
                List.of(
                        "--role",
                        "engine",
                        "--join",
                        cluster.places(),
                        "--cluster-port",
                        Integer.toString(FreePorts.next()),
                        "--threads",
                        "1",
                        "--kv-cache-memory-bytes",
                        "67108864"));
    }

    /// Sequences and the share of blocks that are held on both engine nodes.
    private static double held(LoopbackCluster cluster) {
        double held = 0;
        for (int i = 0; i < 2; i++) {
            held += cluster.metric(i, RUNNING) + cluster.metric(i, BLOCKS);
        }
        return held;
    }

    private static void assertReady(LoopbackCluster cluster) {
        assertThat(cluster.get(cluster.router(1).url() + "/ready").statusCode()).isEqualTo(200);
        for (int i = 0; i < 2; i++) {
            assertThat(cluster.get(cluster.probes(i) + "/ready").statusCode()).isEqualTo(200);
        }
    }

    private static HttpResponse<Stream<String>> ask(
            HttpClient client, String url, String header, String value)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url + "/v1/completions"))
                        .header("Content-Type", "application/json")
                        .header(header, value)
                        .POST(BodyPublishers.ofString(Load.request(1, ENDLESS, 0).toString()))
                        .build(),
                BodyHandlers.ofLines());
    }

    /// How a stream begins that may be resumed.
    private record Beginning(List<Integer> tokens, String lastEvent) {
        private static final int LENGTH = 20;

        static Beginning of(HttpClient client, String url)
                throws IOException, InterruptedException {
            var tokens = new ArrayList<Integer>();
            String last = "";
            try (var lines = ask(client, url, "X-Resume-Window", "60").body()) {
                for (var each = lines.iterator(); tokens.size() < LENGTH; ) {
                    var line = each.next();
                    if (line.startsWith("id: ")) {
                        last = line.substring(4);
                    } else if (line.startsWith("data: ")) {
                        var event = JSON.readTree(line.substring(6));
                        for (var id : event.path("choices").path(0).path("token_ids")) {
                            tokens.add(id.intValue());
                        }
                    }
                }
            }
            return new Beginning(List.copyOf(tokens.subList(0, LENGTH)), last);
        }
    }
}
