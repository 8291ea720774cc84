package dev.ingot.api.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.io.Output;
import dev.ingot.engine.kv.PrefixDigest;
import dev.ingot.engine.sampling.LogitBias;
import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sampling.TopLogprobs;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import java.io.NotSerializableException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class WireSerializerTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final SequenceId ID = new SequenceId(-7, 3);

    private final WireSerializer wire =
            new WireSerializer((ExtendedActorSystem) Adapter.toClassic(KIT.system()));

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    static List<Object> messages() {
        var params =
                SamplingParams.greedy(99).toBuilder()
                        .stopStrings(List.of("é", "\n"))
                        .logitBias(LogitBias.of(Map.of(3, -100f, 70_000, 1.5f)))
                        .build();
        var replyTo = KIT.<Engine.Event>createTestProbe().ref();
        var submit =
                new Engine.Submit(
                        ID,
                        2,
                        Tokens.of(1, 300, 151_000),
                        Tokens.of(9),
                        params,
                        Caller.ANYONE,
                        "salt",
                        16,
                        true,
                        replyTo);
        return List.of(
                new Link.Asked(1, 2, submit),
                new Link.Asked(1, 2, new Engine.Credit(ID, 1, 99)),
                new Link.Asked(1L << 40, 2, new Engine.Abort(ID, 1, FinishReason.ABORTED)),
                new Link.Told(3, 4, 5, new Engine.Accepted(ID, 1)),
                new Link.Told(
                        3,
                        4,
                        5,
                        new Engine.Rejected(
                                ID,
                                1,
                                Engine.Rejection.QUEUE_FULL,
                                "full",
                                Duration.ofMillis(1234))),
                new Link.Told(
                        3,
                        4,
                        5,
                        new Engine.TokensSampled(
                                ID,
                                1,
                                7,
                                Tokens.of(5, 6),
                                List.of(
                                        new Engine.TokenLogprob(-0.5f, null),
                                        new Engine.TokenLogprob(
                                                -1,
                                                TopLogprobs.of(
                                                        new int[] {8, 9},
                                                        new float[] {-.1f, -2}))))),
                new Link.Told(
                        3,
                        4,
                        5,
                        new Engine.Finished(
                                ID, 1, FinishReason.STOP, -1, new Engine.Usage(1, 2, 3))),
                new Link.Told(3, 4, 5, new Engine.HandedBack(ID, 1)),
                new Link.Told(3, 4, 5, new Engine.Failed(ID, 1, true, "lost")),
                new Link.Heartbeat(1, 2),
                new Link.Again(3),
                new Link.AgainFrom(1, 3),
                new Link.NotNow(1, "loading"),
                new Link.Ended(1, "gone", true),
                new Link.Leave("gone"),
                new Link.Report(1, 2, 3, new Link.EngineLoad(true, 1, 2, 3, 0.5, null)));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whatIsWrittenIsRead(Object message) throws NotSerializableException {
        assertThat(wire.fromBinary(wire.toBinary(message), wire.manifest(message)))
                .isEqualTo(message);
    }

    @Test
    void aDigestTravels() throws NotSerializableException {
        var load =
                new Link.EngineLoad(false, 1, 2, 3, 0.5, PrefixDigest.of(new long[] {-1, 5}, true));
        var report = new Link.Report(1, 2, 3, load);
        var read = (Link.Report) wire.fromBinary(wire.toBinary(report), wire.manifest(report));
        var prefixes = read.load().prefixes();
        assertThat(prefixes).isNotNull();
        assertThat(prefixes.size()).isEqualTo(2);
        assertThat(prefixes.hash(0)).isEqualTo(-1);
        assertThat(prefixes.isComplete()).isTrue();
    }

    @Test
    void everyClassOfTheConversationIsRegistered() {
        for (var type : List.of(Engine.Event.class, Link.ToRouter.class)) {
            assertThat(WireClasses.RECORDS_AND_ENUMS).contains(type.getPermittedSubclasses());
        }
        assertThat(WireClasses.RECORDS_AND_ENUMS)
                .contains(Engine.Submit.class, Engine.Credit.class, Engine.Abort.class);
    }

    @Test
    void anUnregisteredClassIsNotWritten() {
        assertThatThrownBy(() -> wire.toBinary(new java.util.BitSet()))
                .hasMessageContaining("not registered");
    }

    @Test
    void aClassByNameIsRefusedUnseen() {
        var forged = new Output(64, 64);
        forged.writeVarInt(1, true); // Kryo's word for "a name follows".
        forged.writeVarInt(0, true);
        forged.writeString("java.lang.ProcessBuilder");
        assertThatThrownBy(() -> wire.fromBinary(forged.toBytes(), "ingot-" + Link.PROTOCOL))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("not registered");
    }

    @Test
    void anUnknownNumberIsRefused() {
        var forged = new Output(64, 64);
        forged.writeVarInt(5000, true);
        assertThatThrownBy(() -> wire.fromBinary(forged.toBytes(), "ingot-" + Link.PROTOCOL))
                .isInstanceOf(NotSerializableException.class);
    }

    @Test
    void anotherProtocolIsRefused() {
        var bytes = wire.toBinary(new Link.Again(1));
        assertThatThrownBy(() -> wire.fromBinary(bytes, "ingot-999"))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("ingot-999");
    }

    @Test
    void damagedBytesAreRefusedAndNeverTakeMemoryThatTheyDoNotHave() {
        var random = new Random(4);
        for (var message : messages()) {
            var sound = wire.toBinary(message);
            for (int i = 0; i < 500; i++) {
                var damaged = sound.clone();
                for (int j = 0; j <= random.nextInt(3); j++) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
                }
                try {
                    assertThat(wire.fromBinary(damaged, wire.manifest(message))).isNotNull();
                } catch (NotSerializableException e) {
                    assertThat(e).hasMessageNotContaining("OutOfMemory");
                }
            }
        }
    }

    @Test
    void aLengthBeyondTheMessageIsNotBelieved() {
        var sound = wire.toBinary(new Link.Leave("x"));
        var forged = new Output(64, 64);
        forged.writeBytes(sound, 0, 1);
        forged.writeByte(1);
        forged.writeVarInt(Integer.MAX_VALUE, true);
        assertThatThrownBy(() -> wire.fromBinary(forged.toBytes(), "ingot-" + Link.PROTOCOL))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("bytes left");
    }
}
