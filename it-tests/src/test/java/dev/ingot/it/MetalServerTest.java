package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.ingot.engine.ops.Numerics;
import dev.ingot.kernels.metal.SoftMetal;
import dev.ingot.kernels.metal.objc.Frameworks;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The whole server on the Metal device: the same tokens as on the CPU, and what becomes of streams when the GPU fails.
/// After each test nothing of Metal may be left over and no rule of its may have been broken.
final class MetalServerTest {
    private static final int STREAMS = 8;
    private static final int TOKENS = 12;

    /// Tokens of a stream that is under way.
    private static final int UNDER_WAY = 3;

    /// Of the goldens that are asked for: a software device computes about a hundred tokens a second.
    private static final int LONGEST_PROMPT = 50;

    private static final int LONGEST_ANSWER = 25;
    private static final int NOT_READY = 503;

    private static List<List<Integer>> onTheCpu = List.of();

    @BeforeAll
    static void askTheCpu() throws Exception {
        SoftMetal.require();
        try (var cpu = TestServer.startOn("cpu")) {
            onTheCpu = all(cpu, new CountDownLatch(STREAMS));
        }
    }

    @AfterEach
    void nothingIsLeftOver() {
        SoftMetal.assertClean();
    }

    private static ObjectNode request(int i) {
        var body = TestServer.completion("Once upon a time a fox " + i, TOKENS);
        body.put("ignore_eos", true);
        body.put("stream", true);
        return body;
    }

    private static List<List<Integer>> all(TestServer server, CountDownLatch underWay)
            throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var streams = new ArrayList<Future<List<Integer>>>();
            for (int i = 0; i < STREAMS; i++) {
                var request = request(i);
                streams.add(threads.submit(() -> read(server, request, underWay)));
            }
            var tokens = new ArrayList<List<Integer>>();
            for (var stream : streams) {
                tokens.add(stream.get(120, TimeUnit.SECONDS));
            }
            return tokens;
        }
    }

    private static List<Integer> read(
            TestServer server, ObjectNode request, CountDownLatch underWay) {
        try (var reader = new StreamReader(server.stream("/v1/completions", request))) {
            while (reader.tokenIds().size() < UNDER_WAY) {
                assertThat(reader.next()).isPresent();
            }
            underWay.countDown();
            reader.readAll();
            assertThat(reader.isDone()).isTrue();
            assertThat(reader.finishReason()).isEqualTo("length");
            return reader.tokenIds();
        }
    }

    @Test
    void eightStreamsAtOnceGiveTheTokensOfTheCpu() throws Exception {
        try (var metal = TestServer.startOn("metal")) {
            assertThat(all(metal, new CountDownLatch(STREAMS))).isEqualTo(onTheCpu);
        }
    }

    /// The goldens' short chats, all at once; in fast numerics, too, which decide no token
    /// differently here.
    @ParameterizedTest
    @EnumSource(Numerics.class)
    void theGoldensOfTransformersComeOutOfTheMetalDevice(Numerics numerics) throws Exception {
        var goldens =
                BuiltInModelGoldenTest.goldens()
                        .map(each -> (JsonNode) each.get()[1])
                        .filter(each -> each.path("kind").asString().equals("chat"))
                        .filter(each -> each.path("prompt_token_ids").size() <= LONGEST_PROMPT)
                        .filter(each -> each.path("token_ids").size() <= LONGEST_ANSWER)
                        .toList();
        assertThat(goldens.size()).isGreaterThanOrEqualTo(STREAMS);
        try (var metal = TestServer.startOn("metal", numerics);
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new ArrayList<Future<List<Integer>>>();
            for (var golden : goldens) {
                answers.add(threads.submit(() -> chat(metal, golden)));
            }
            for (int i = 0; i < goldens.size(); i++) {
                assertThat(answers.get(i).get(120, TimeUnit.SECONDS))
                        .as("%s", goldens.get(i).path("name"))
                        .isEqualTo(BuiltInModelGoldenTest.ints(goldens.get(i).path("token_ids")));
            }
            assertThat(metal.get("/metrics"))
                    .containsPattern(
                            "ingot:device\\{.*-" + numerics.name().toLowerCase(Locale.ROOT) + "\"");
        }
    }

    private static List<Integer> chat(TestServer server, JsonNode golden) {
        var body = BuiltInModelGoldenTest.greedy(golden);
        body.set("messages", BuiltInModelGoldenTest.asClientsSend(golden.path("messages")));
        return TestServer.tokenIds(
                server.ask("/v1/chat/completions", body).path("choices").path(0));
    }

    @ParameterizedTest
    @CsvSource({
        "timeout, timeout, 0",
        "interactivity, timeout, 0",
        "outOfMemory, out_of_memory, 0",
        "internal, internal, 0",
        "pageFault, page_fault, 1",
        "accessRevoked, device_lost, 1",
        "notPermitted, unavailable, 1"
    })
    void streamsAreExactWhenTheGpuFailsAStep(String fault, String kind, int restarts)
            throws Exception {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var metal = TestServer.startOn("metal");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var underWay = new CountDownLatch(STREAMS);
            var streams = threads.submit(() -> all(metal, underWay));
            assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
            SoftMetal.fault("commandBuffer:2=" + fault);
            assertThat(readinessWhile(metal, streams).contains(NOT_READY))
                    .as("/ready told of it")
                    .isEqualTo(restarts > 0);
            assertThat(streams.get(120, TimeUnit.SECONDS)).isEqualTo(onTheCpu);
            assertThat(metal.metrics("ingot:step_failures_total", "kind"))
                    .as("the fault happened")
                    .allSatisfy((each, count) ->
                            assertThat(count).as(each).isEqualTo(each.equals(kind) ? 1 : 0))
                    .containsKey(kind);
            assertThat(metal.metric("ingot:engine_restarts_total")).isEqualTo(restarts);
            assertThat(metal.get("/ready"))
                    .contains("READY")
                    .contains("\"epoch\":" + (1 + restarts));
        }
    }

    /// The status codes of `/ready` until all streams have ended.
    private static Set<Integer> readinessWhile(TestServer server, Future<?> streams)
            throws InterruptedException {
        var seen = new TreeSet<Integer>();
        while (!streams.isDone()) {
            seen.add(server.answer("/ready").statusCode());
            TimeUnit.MILLISECONDS.sleep(10);
        }
        return seen;
    }

    @Test
    void streamsGoOnWhenTheGpuComesBack() throws Exception {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var metal = TestServer.startOn("metal");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var underWay = new CountDownLatch(STREAMS);
            var streams = threads.submit(() -> all(metal, underWay));
            assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
            SoftMetal.fault("commandBuffer:2=never");
            TimeUnit.SECONDS.sleep(2);
            assertThat(streams.isDone()).as("the GPU stands still").isFalse();
            SoftMetal.fault("");
            assertThat(streams.get(120, TimeUnit.SECONDS)).isEqualTo(onTheCpu);
        }
    }

    /// The command buffer never completes: the watchdog gives the worker up, and another goes on.
    @Test
    void streamsAreExactWhenTheGpuNeverComesBack() throws Exception {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var metal = TestServer.startOn("metal");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            all(metal, new CountDownLatch(STREAMS)); // the watchdog learns how long a step takes
            var underWay = new CountDownLatch(STREAMS);
            var streams = threads.submit(() -> all(metal, underWay));
            assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
            SoftMetal.fault("commandBuffer:2=never");
            assertThat(readinessWhile(metal, streams)).contains(NOT_READY);
            assertThat(streams.get(120, TimeUnit.SECONDS)).isEqualTo(onTheCpu);
            assertThat(SoftMetal.counter("faults")).as("the fault happened").isEqualTo(1);
            assertThat(metal.metric("ingot:engine_restarts_total")).isEqualTo(1);
            assertThat(metal.answer("/ready").statusCode()).isEqualTo(200);
            assertThat(metal.get("/ready")).contains("\"epoch\":2");
        } finally {
            SoftMetal.fault(""); // the GPU comes back, too late for anybody
        }
    }

    /// There is no memory for the engine that takes the place of a lost one; a moment later there is.
    @Test
    void streamsAreExactWhenAnAllocationFailsWhileTheEngineStartsAnew() throws Exception {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        try (var metal = TestServer.startOn("metal");
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var underWay = new CountDownLatch(STREAMS);
            var streams = threads.submit(() -> all(metal, underWay));
            assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
            SoftMetal.fault("commandBuffer:2=pageFault; allocation:12");
            assertThat(readinessWhile(metal, streams)).contains(NOT_READY);
            assertThat(streams.get(120, TimeUnit.SECONDS)).isEqualTo(onTheCpu);
            assertThat(metal.metric("ingot:engine_restarts_total"))
                    .as("the page fault happened, and the allocation failed")
                    .isEqualTo(2);
            assertThat(metal.answer("/ready").statusCode()).isEqualTo(200);
        }
    }

    /// The dispatches of a model's steps, prompt and decode, that a GPU may run at once: none touches what another changes.
    @Test
    void noTwoDispatchesOfAStepRace() {
        assumeThat(Frameworks.isMac()).as("Metal does not tell").isFalse();
        SoftMetal.set("HAZARDS", "1");
        try (var metal = TestServer.startOn("metal");
                var reader =
                        new StreamReader(
                                metal.stream("/v1/completions", request(0).put("max_tokens", 2)))) {
            reader.readAll();
            assertThat(reader.tokenIds()).isEqualTo(onTheCpu.getFirst().subList(0, 2));
        }
    }

    /// Weights and cache in many buffers, threadgroups of a quarter of the usual size.
    @Test
    void aGpuOfSmallLimitsGivesTheSameTokens() {
        assumeThat(Frameworks.isMac()).as("the GPU's limits are as they are").isFalse();
        SoftMetal.set("MAX_BUFFER", "9M");
        SoftMetal.set("WORKING_SET", "128M");
        SoftMetal.set("MAX_THREADS", "256");
        SoftMetal.set("RESIDENCY_SETS", "0");
        try (var metal = TestServer.startOn("metal");
                var reader = new StreamReader(metal.stream("/v1/completions", request(1)))) {
            reader.readAll();
            assertThat(reader.tokenIds()).isEqualTo(onTheCpu.get(1));
        }
    }

    @Test
    void tooLittleMemoryAtLoadIsSaidAndLeavesNothing() {
        assumeThat(Frameworks.isMac()).as("there are no fault plans").isFalse();
        SoftMetal.fault("allocation:12");
        assertThatThrownBy(() -> TestServer.startOn("metal"))
                .hasMessageContaining("bytes; the device's working set is");
    }
}
