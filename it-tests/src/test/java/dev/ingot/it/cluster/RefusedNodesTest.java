package dev.ingot.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.ingot.api.cluster.ClusterKeys;
import dev.ingot.api.cluster.ClusterKeys.NodeKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Whoever does not belong to a cluster is refused, says why, and disturbs nobody.
@EnabledOnOs(OS.LINUX)
final class RefusedNodesTest {
    private static final int STREAMS = 4;
    private static final int TOKENS = 120;

    @TempDir private static Path keys;

    private static TestCluster cluster;
    private static Load load;
    private static List<String> undisturbed;

    @BeforeAll
    static void startWithKeys() throws ClusterKeys.KeysException {
        ClusterKeys.init(
                keys,
                List.of(
                        new NodeKeys("node", List.of("127.0.0.1", "localhost")),
                        new NodeKeys("rogue", List.of("127.0.0.1"))));
        ClusterKeys.init(
                keys.resolve("foreign"), List.of(new NodeKeys("node", List.of("127.0.0.1"))));
        cluster = TestCluster.startWithKeys(1, keys.resolve("node"));
        load = new Load(cluster.url());
        undisturbed = Load.answers(Load.await(load.start(STREAMS, TOKENS)));
    }

    @AfterAll
    static void stop() {
        load.close();
        cluster.close();
    }

    private static void undisturbed(List<Future<Told>> streams) {
        assertThat(Load.answers(Load.await(streams))).isEqualTo(undisturbed);
        assertThat(cluster.serving()).isEqualTo(1);
        assertThat(cluster.metric("ingot:router_links_lost_total")).isZero();
    }

    @Test
    void aNodeWithForeignKeysNeverJoins() {
        var streams = load.start(STREAMS, TOKENS);
        try (var foreign =
                cluster.stranger(
                        "foreign-keys", List.of(), keys.resolve("foreign").resolve("node"))) {
            assertThat(foreign.awaitLog("(SSLHandshakeException.*|.*certificate.*|.*PKIX.*)"))
                    .isNotEmpty();
            undisturbed(streams);
        }
    }

    @Test
    void aNodeOfAnotherProtocolIsRefused() {
        var streams = load.start(STREAMS, TOKENS);
        try (var other =
                cluster.stranger(
                        "other-protocol",
                        List.of("-Dingot.cluster.protocol=999"),
                        keys.resolve("node"))) {
            assertThat(other.awaitLog("(Refused to be in one cluster: .*)"))
                    .contains("999")
                    .contains("update the older one");
            undisturbed(streams);
        }
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
            return "ingot-1";
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
    void aClassThatIsNotRegisteredIsRefusedWithALogLine() throws IOException {
        var streams = load.start(STREAMS, TOKENS);
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
            rogue.actorSelection("pekko://ingot@" + cluster.nodeName(0) + "/user/gate")
                    .tell(new Evil("rm"), ActorRef.noSender());
            assertThat(cluster.engine(0).awaitLog("(Refused a message from another node: .*)"))
                    .contains("not registered");
            undisturbed(streams);
        } finally {
            rogue.terminate();
        }
    }
}
