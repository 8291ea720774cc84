package dev.ingot.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.ingot.api.cluster.Link;
import dev.ingot.it.Alone;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Whoever does not belong to a cluster is refused, says why, and disturbs nobody.
@Alone
@EnabledOnOs(OS.LINUX)
@TestMethodOrder(OrderAnnotation.class)
final class RefusedNodesTest {
    private static final int STREAMS = 4;
    private static final int TOKENS = 120;
    private static final int LONG = 600; // Some of it is still to come when a node is killed.

    @TempDir private static Path keys;

    private static TestCluster cluster;
    private static Load load;
    private static List<String> undisturbed;
    private static NodeProcess foreign;
    private static NodeProcess elsewhere;
    private static NodeProcess plain;
    private static NodeProcess other;

    /// All who are to be refused try at the same time, which each of them does for as long as it runs.
    @BeforeAll
    static void start() {
        var foreignKeys = keys.resolve("foreign");
        try (var own =
                        NodeProcess.command(
                                "cluster",
                                "init",
                                keys.toString(),
                                "node=127.0.0.1,localhost",
                                "rogue=127.0.0.1",
                                "elsewhere=10.99.99.99");
                var others =
                        NodeProcess.command(
                                "cluster", "init", foreignKeys.toString(), "node=127.0.0.1")) {
            own.awaitSuccess();
            others.awaitSuccess();
        }
        var node = keys.resolve("node");
        cluster = TestCluster.startWithKeys(1, node);
        load = new Load(cluster.url());
        undisturbed = Load.answers(Load.await(load.start(STREAMS, TOKENS)));
        foreign = stranger("foreign-keys", foreignKeys.resolve("node"));
        elsewhere = stranger("elsewhere", keys.resolve("elsewhere"));
        plain = cluster.stranger("plain", List.of());
        other = stranger("other-protocol", node, "-Dingot.cluster.protocol=999");
    }

    private static NodeProcess stranger(String name, Path folder, String... properties) {
        return cluster.stranger(name, List.of(properties), "--cluster-keys", folder.toString());
    }

    @AfterAll
    static void stop() {
        Stream.of(foreign, elsewhere, plain, other)
                .filter(Objects::nonNull)
                .forEach(NodeProcess::close);
        load.close();
        cluster.close();
    }

    /// Streams that run now are served as if nobody else were there.
    private static void assertNobodyIsDisturbed() {
        assertThat(Load.answers(Load.await(load.start(STREAMS, TOKENS)))).isEqualTo(undisturbed);
        assertThat(cluster.serving()).isEqualTo(1);
        assertThat(cluster.metric("ingot:router_links_lost_total")).isZero();
    }

    @Test
    @Order(1)
    void aNodeWithForeignKeysNeverJoins() {
        assertThat(foreign.awaitLog("(PKIX path .*|.*certificate_unknown.*)")).isNotEmpty();
        assertNobodyIsDisturbed();
    }

    /// Its key is the cluster's own, for another machine: whoever stole it cannot use it elsewhere.
    @Test
    @Order(2)
    void aNodeAtAnotherAddressThanItsKeyIsForNeverJoins() {
        assertThat(cluster.router().awaitLog("(No subject alternative names matching.*)"))
                .contains("127.0.0.1");
        assertThat(elsewhere.isAlive()).isTrue();
        assertNobodyIsDisturbed();
    }

    @Test
    @Order(3)
    void aNodeOfAnotherProtocolIsRefused() {
        assertThat(other.awaitLog("(ingot: the cluster does not take .*)"))
                .contains("999")
                .contains("update the older one");
        assertThat(cluster.router().awaitLog("(Refused to be in one cluster: .*)")).contains("999");
        other.awaitEnd();
        assertNobodyIsDisturbed();
    }

    /// Bytes that claim to be of a class that nobody registered.
    static final class Forger extends SerializerWithStringManifest {
        private final ExtendedActorSystem system;

        public Forger(ExtendedActorSystem system) {
            this.system = system;
        }

        @Override
        public int identifier() {
            return 1_768_843_636; // The wire serializer's own.
        }

        @Override
        public String manifest(Object message) {
            return "ingot-" + Link.PROTOCOL;
        }

        @Override
        public byte[] toBinary(Object message) {
            assertThat(system).isNotNull();
            var name = message.getClass().getName().getBytes(StandardCharsets.ISO_8859_1);
            var bytes = new byte[name.length + 2];
            bytes[0] = 1; // Kryo's word for "a name follows".
            System.arraycopy(name, 0, bytes, 2, name.length);
            return bytes;
        }

        @Override
        public Object fromBinary(byte[] bytes, String manifest) {
            throw new UnsupportedOperationException();
        }
    }

    /// What the forger sends.
    record Evil(String command) {}

    @Test
    @Order(4)
    void aClassThatIsNotRegisteredIsRefusedWithALogLine() throws IOException {
        var own = keys.resolve("rogue");
        var password = Files.readString(own.resolve("password")).strip();
        var ssl = "pekko.remote.artery.ssl.config-ssl-engine.";
        var config =
                ConfigFactory.parseMap(
                                Map.ofEntries(
                                        Map.entry("pekko.actor.provider", "remote"),
                                        Map.entry("pekko.remote.artery.transport", "tls-tcp"),
                                        Map.entry(
                                                "pekko.remote.artery.canonical.hostname",
                                                "127.0.0.1"),
                                        Map.entry("pekko.remote.artery.canonical.port", 0),
                                        Map.entry(ssl + "key-store", own + "/node.p12"),
                                        Map.entry(ssl + "trust-store", own + "/trust.p12"),
                                        Map.entry(ssl + "key-store-password", password),
                                        Map.entry(ssl + "key-password", password),
                                        Map.entry(ssl + "trust-store-password", password),
                                        Map.entry(
                                                "pekko.actor.serializers.forger",
                                                Forger.class.getName()),
                                        Map.entry(
                                                "pekko.actor.serialization-bindings",
                                                Map.of(
                                                        "\"" + Evil.class.getName() + "\"",
                                                        "forger"))))
                        .withFallback(ConfigFactory.load());
        var rogue = ActorSystem.create("ingot", config);
        try {
            var gate = rogue.actorSelection("pekko://ingot@" + cluster.nodeName(0) + "/user/gate");
            // Again and again: what is sent while a connection is made may be lost.
            var sending =
                    rogue.scheduler()
                            .scheduleAtFixedRate(
                                    Duration.ZERO,
                                    Duration.ofSeconds(1),
                                    () -> gate.tell(new Evil("rm"), ActorRef.noSender()),
                                    rogue.dispatcher());
            assertThat(cluster.engine(0).awaitLog("(Refused a message from another node: .*)"))
                    .contains("not registered");
            assertNobodyIsDisturbed();
            assertThat(sending.isCancelled()).isFalse();
        } finally {
            rogue.terminate();
        }
    }

    /// After the others, because it says so only when it has tried for a while.
    @Test
    @Order(5)
    void aNodeWithoutKeysNeverJoins() {
        assertThat(plain.awaitLog("(In no cluster yet: .*)")).contains("--cluster-keys");
        assertThat(plain.isAlive()).isTrue();
        assertNobodyIsDisturbed();
    }

    /// Its K and V are stored otherwise: it is let in and marked, and so is what it goes on with.
    @Test
    @Order(6)
    void aNodeOfAnotherNumericClassIsMarkedAndSoIsWhatItContinues() {
        cluster.add(List.of(), List.of("--kv-cache-dtype", "float32"));
        cluster.awaitServing(2);
        assertThat(cluster.router().awaitLog("(Engine node .* is of numeric class .*)"))
                .contains("approximate");
        var streams = load.start(STREAMS, LONG);
        Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> load.tokens() > 10 * STREAMS);
        cluster.engine(0).kill();
        var told = Load.await(streams);
        assertThat(told).allMatch(Told::isDone);
        assertThat(told).anyMatch(each -> each.continuity().equals("approximate"));
        assertThat(cluster.metric("ingot:approximate_continuations_total")).isPositive();
    }
}
