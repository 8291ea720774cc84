package dev.ingot.it.sim;

import dev.ingot.engine.ops.KvGroups;
import dev.ingot.engine.sampling.InvalidLogitsException;
import dev.ingot.engine.sampling.SamplerScratch;
import dev.ingot.engine.sampling.SequenceSampler;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.RequestSpec;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// What a choice must be answered, from its prompt and parameters alone.
final class Oracle {
    private static final SamplerScratch SCRATCH = new SamplerScratch(SimDevice.VOCABULARY);
    private static final float[] LOGITS = new float[SimDevice.VOCABULARY];
    private static final MemorySegment ROW = MemorySegment.ofArray(LOGITS);

    private Oracle() {}

    /// The whole output and how it ends.
    record Answer(Tokens tokens, FinishReason reason) {}

    /// @param maxModelLength prompt and output together
    /// @param groups of layers, and how far they see
    static Answer answer(
            RequestSpec.Choice choice, int index, int maxModelLength, KvGroups groups) {
        var params = choice.params();
        var prompt = choice.prompt();
        var sampler = new SequenceSampler(params, index, prompt, Tokens.NONE, SimDevice.VOCABULARY);
        int most = Math.min(params.maxTokens(), maxModelLength - prompt.size());
        long[] memory = new long[prompt.size() + most];
        long stored = SimDevice.first();
        for (int i = 0; i < prompt.size(); i++) {
            stored = SimDevice.stored(stored, prompt.get(i));
            memory[i] = stored;
        }
        int[] output = new int[most];
        for (int i = 0; i < most; i++) {
            int token = sample(sampler, seen(memory, prompt.size() + i, groups));
            output[i] = token;
            if (i + 1 >= params.minTokens()
                    && (params.eosTokenIds().contains(token)
                            || params.stopTokenIds().contains(token))) {
                return new Answer(Tokens.of(Arrays.copyOf(output, i + 1)), FinishReason.STOP);
            }
            stored = SimDevice.stored(stored, token);
            memory[prompt.size() + i] = stored;
        }
        return new Answer(Tokens.of(output), FinishReason.LENGTH);
    }

    private static long seen(long[] memory, int length, KvGroups groups) {
        long hash = SimDevice.first();
        for (int g = 0; g < groups.count(); g++) {
            int first = SimDevice.firstSeen(length, groups.windows().get(g));
            for (int i = first; i < length; i++) {
                hash = SimDevice.seen(hash, SimDevice.of(g, memory[i]));
            }
        }
        return hash;
    }

    /// The token that a sound device draws.
    static int sample(SequenceSampler sampler, long hash) {
        SimDevice.logits(hash, LOGITS);
        try {
            return sampler.next(ROW, SCRATCH).token();
        } catch (InvalidLogitsException e) {
            throw new AssertionError("sound logits", e);
        }
    }
}
