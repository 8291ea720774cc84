package dev.ingot.engine.kv;

import dev.ingot.engine.sequence.Tokens;
import java.util.Arrays;

/// A sequence's tokens by position, as far as they are known: the prompt, then what was sampled.
///
/// Lent, not copied: the allocator reads it while it answers, and again when the step that it was lent for is
/// reported as computed. Until then a token below [#size] may not change; more may be added.
public interface KnownTokens {
    /// How many are known.
    int size();

    /// The token at `position`, which is below [#size].
    int at(int position);

    /// A copy of the tokens of the `index`th block of so many positions, all of which are known.
    default int[] block(int index, int blockSize) {
        int[] tokens = new int[blockSize];
        Arrays.setAll(tokens, i -> at(index * blockSize + i));
        return tokens;
    }

    /// A prompt and what was generated after it.
    static KnownTokens of(Tokens prompt, Tokens generated) {
        return new KnownTokens() {
            @Override
            public int size() {
                return prompt.size() + generated.size();
            }

            @Override
            public int at(int position) {
                return position < prompt.size()
                        ? prompt.get(position)
                        : generated.get(position - prompt.size());
            }
        };
    }
}
