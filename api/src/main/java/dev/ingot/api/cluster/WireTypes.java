package dev.ingot.api.cluster;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.ingot.engine.kv.PrefixDigest;
import dev.ingot.engine.sampling.LogitBias;
import dev.ingot.engine.sampling.TopLogprobs;
import dev.ingot.engine.sequence.Tokens;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;

/// How the parts of a message are written that are neither records nor enums.
///
/// Every length is compared with the bytes that are left before anything is allocated for it.
final class WireTypes {
    private WireTypes() {}

    static void register(Kryo kryo, ActorRefResolver references) {
        kryo.register(String.class, new Strings(), 20);
        kryo.register(List.class, new Lists(), 21);
        kryo.register(ActorRef.class, new References(references), 22);
        kryo.register(Tokens.class, new TokenRuns(), 23);
        kryo.register(TopLogprobs.class, new Alternatives(), 24);
        kryo.register(LogitBias.class, new Biases(), 25);
        kryo.register(PrefixDigest.class, new Digests(), 26);
        kryo.register(Duration.class, 27);
        kryo.register(Optional.class, 28);
        kryo.register(OptionalInt.class, 29);
        kryo.register(OptionalLong.class, 30);
        kryo.register(OptionalDouble.class, 31);
    }

    /// A count of things of at least `bytesEach` bytes.
    private static int count(Input input, int bytesEach) {
        int count = input.readVarInt(true);
        int left = input.limit() - input.position();
        if (count < 0 || (long) count * bytesEach > left) {
            throw new KryoException(
                    "a count of " + count + " in a message with " + left + " bytes left");
        }
        return count;
    }

    private static final class Strings extends Serializer<String> {
        Strings() {
            super(true, true);
        }

        @Override
        public void write(Kryo kryo, Output output, String text) {
            if (text == null) {
                output.writeByte(0);
                return;
            }
            output.writeByte(1);
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            output.writeVarInt(bytes.length, true);
            output.writeBytes(bytes);
        }

        @Override
        @SuppressWarnings("NullAway") // Kryo's contract for serializers that accept null.
        public String read(Kryo kryo, Input input, Class<? extends String> type) {
            if (input.readByte() == 0) {
                return null;
            }
            return new String(input.readBytes(count(input, 1)), StandardCharsets.UTF_8);
        }
    }

    private static final class Lists extends Serializer<List<?>> {
        @Override
        public void write(Kryo kryo, Output output, List<?> list) {
            output.writeVarInt(list.size(), true);
            list.forEach(each -> kryo.writeClassAndObject(output, each));
        }

        @Override
        public List<?> read(Kryo kryo, Input input, Class<? extends List<?>> type) {
            int count = count(input, 1);
            var list = new ArrayList<Object>(count);
            for (int i = 0; i < count; i++) {
                list.add(kryo.readClassAndObject(input));
            }
            return List.copyOf(list);
        }
    }

    private static final class References extends Serializer<ActorRef<?>> {
        private final ActorRefResolver resolver;

        References(ActorRefResolver resolver) {
            super(false, true);
            this.resolver = resolver;
        }

        @Override
        public void write(Kryo kryo, Output output, ActorRef<?> reference) {
            byte[] path =
                    resolver.toSerializationFormat(reference).getBytes(StandardCharsets.UTF_8);
            output.writeVarInt(path.length, true);
            output.writeBytes(path);
        }

        @Override
        public ActorRef<?> read(Kryo kryo, Input input, Class<? extends ActorRef<?>> type) {
            return resolver.resolveActorRef(
                    new String(input.readBytes(count(input, 1)), StandardCharsets.UTF_8));
        }
    }

    private static final class TokenRuns extends Serializer<Tokens> {
        TokenRuns() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output output, Tokens tokens) {
            output.writeVarInt(tokens.size(), true);
            for (int i = 0; i < tokens.size(); i++) {
                output.writeVarInt(tokens.get(i), true);
            }
        }

        @Override
        public Tokens read(Kryo kryo, Input input, Class<? extends Tokens> type) {
            int[] ids = new int[count(input, 1)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = input.readVarInt(true);
            }
            return Tokens.of(ids);
        }
    }

    private static final class Alternatives extends Serializer<TopLogprobs> {
        Alternatives() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output output, TopLogprobs top) {
            output.writeVarInt(top.size(), true);
            for (int i = 0; i < top.size(); i++) {
                output.writeVarInt(top.token(i), true);
                output.writeFloat(top.logprob(i));
            }
        }

        @Override
        public TopLogprobs read(Kryo kryo, Input input, Class<? extends TopLogprobs> type) {
            int count = count(input, 5);
            int[] tokens = new int[count];
            float[] logprobs = new float[count];
            for (int i = 0; i < count; i++) {
                tokens[i] = input.readVarInt(true);
                logprobs[i] = input.readFloat();
            }
            return TopLogprobs.of(tokens, logprobs);
        }
    }

    private static final class Biases extends Serializer<LogitBias> {
        Biases() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output output, LogitBias bias) {
            output.writeVarInt(bias.size(), true);
            for (int i = 0; i < bias.size(); i++) {
                output.writeVarInt(bias.token(i), true);
                output.writeFloat(bias.amount(i));
            }
        }

        @Override
        public LogitBias read(Kryo kryo, Input input, Class<? extends LogitBias> type) {
            int count = count(input, 5);
            var amounts = new LinkedHashMap<Integer, Float>();
            for (int i = 0; i < count; i++) {
                amounts.put(input.readVarInt(true), input.readFloat());
            }
            return LogitBias.of(amounts);
        }
    }

    private static final class Digests extends Serializer<PrefixDigest> {
        Digests() {
            super(true, true);
        }

        @Override
        public void write(Kryo kryo, Output output, PrefixDigest digest) {
            if (digest == null) {
                output.writeByte(0);
                return;
            }
            output.writeByte(digest.isComplete() ? 2 : 1);
            output.writeVarInt(digest.size(), true);
            for (int i = 0; i < digest.size(); i++) {
                output.writeLong(digest.hash(i));
            }
        }

        @Override
        @SuppressWarnings("NullAway") // Kryo's contract for serializers that accept null.
        public PrefixDigest read(Kryo kryo, Input input, Class<? extends PrefixDigest> type) {
            int kind = input.readByte();
            if (kind == 0) {
                return null;
            }
            return PrefixDigest.of(input.readLongs(count(input, Long.BYTES)), kind == 2);
        }
    }
}
