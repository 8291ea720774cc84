package dev.ingot.api.cluster;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Registration;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import com.esotericsoftware.kryo.util.DefaultClassResolver;
import com.esotericsoftware.kryo.util.Pool;
import java.io.NotSerializableException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.serialization.ByteBufferSerializer;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes and reads what nodes say to each other, with Kryo: only classes of [WireClasses], by their numbers.
///
/// Bytes from another node are not trusted: no class is ever looked up by a name, and no length is believed that the rest
/// of the message could not hold. What is refused is logged in one line, and the message is dropped; the link that it
/// belonged to notices the gap.
public final class WireSerializer extends SerializerWithStringManifest
        implements ByteBufferSerializer {
    private static final int IDENTIFIER = 1_768_843_636;
    private static final String MANIFEST = "ingot-" + Link.PROTOCOL;

    /// Below are Kryo's own, which nothing of ours uses, and those of [WireTypes].
    private static final int FIRST_ID = 64;

    private static final int MAX_DEPTH = 32;
    private static final int MOST_BYTES = 8 << 20;
    private static final Logger log = LoggerFactory.getLogger(WireSerializer.class);

    private final ExtendedActorSystem system;
    private final Pool<Kryo> kryos =
            new Pool<>(true, false, 32) {
                @Override
                protected Kryo create() {
                    return newKryo();
                }
            };
    private final Pool<Output> outputs =
            new Pool<>(true, false, 32) {
                @Override
                protected Output create() {
                    return new Output(512, MOST_BYTES);
                }
            };

    /// Made by Pekko, once per actor system.
    public WireSerializer(ExtendedActorSystem system) {
        this.system = system;
    }

    private Kryo newKryo() {
        var kryo = new Kryo(new OnlyRegistered(), null);
        kryo.setRegistrationRequired(true);
        kryo.setReferences(false);
        kryo.setMaxDepth(MAX_DEPTH);
        WireTypes.register(kryo, ActorRefResolver.get(Adapter.toTyped(system)));
        int id = FIRST_ID;
        for (var type : WireClasses.RECORDS_AND_ENUMS) {
            kryo.register(type, id++);
        }
        return kryo;
    }

    /// Every implementation of a reference or a list is the one that is registered; a class that is named is refused
    /// before anybody looks for it.
    private static final class OnlyRegistered extends DefaultClassResolver {
        @Override
        @SuppressWarnings("rawtypes")
        public Registration getRegistration(Class type) {
            if (ActorRef.class.isAssignableFrom(type)) {
                return super.getRegistration(ActorRef.class);
            }
            return super.getRegistration(List.class.isAssignableFrom(type) ? List.class : type);
        }

        @Override
        protected Registration readName(Input input) {
            throw new KryoException("a class that is not registered");
        }
    }

    @Override
    public int identifier() {
        return IDENTIFIER;
    }

    @Override
    public String manifest(Object message) {
        return MANIFEST;
    }

    @Override
    public byte[] toBinary(Object message) {
        return write(message, Output::toBytes);
    }

    @Override
    public void toBinary(Object message, ByteBuffer buffer) {
        write(
                message,
                output -> {
                    buffer.put(output.getBuffer(), 0, output.position());
                    return buffer;
                });
    }

    private <T> T write(Object message, java.util.function.Function<Output, T> use) {
        var kryo = kryos.obtain();
        var output = outputs.obtain();
        try {
            output.reset();
            kryo.writeClassAndObject(output, message);
            return use.apply(output);
        } finally {
            kryos.free(kryo);
            outputs.free(output);
        }
    }

    @Override
    public Object fromBinary(ByteBuffer buffer, String manifest) throws NotSerializableException {
        var bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return fromBinary(bytes, manifest);
    }

    @Override
    public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
        if (!manifest.equals(MANIFEST)) {
            throw refused("it is of protocol '" + manifest + "', this node speaks " + MANIFEST);
        }
        var kryo = kryos.obtain();
        boolean sound = false;
        try {
            var input = new Input(bytes);
            var message = kryo.readClassAndObject(input);
            if (message == null || input.position() != bytes.length) {
                throw refused((bytes.length - input.position()) + " bytes are left over");
            }
            sound = true;
            return message;
        } catch (RuntimeException e) {
            // Whatever forged bytes make the reading stumble over.
            throw refused(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        } finally {
            if (sound) {
                kryos.free(kryo); // One that has thrown may be in any state.
            }
        }
    }

    private static NotSerializableException refused(String why) {
        log.warn("Refused a message from another node: {}", why);
        return new NotSerializableException(why);
    }
}
