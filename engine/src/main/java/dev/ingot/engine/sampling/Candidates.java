package dev.ingot.engine.sampling;

import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.SoftmaxWeight;
import java.util.Arrays;

/// The tokens that may still be chosen, in index order, narrowed down filter by filter.
///
/// Tokens are ranked by score, and by lower index among equals. No filter sorts more than it must: tokens are
/// first counted (or weighed) into buckets by the upper bits of their score, and only the bucket through
/// which the cut goes is sorted. Weights are integers ([SoftmaxWeight]), so that every device finds the same.
final class Candidates {
    private static final int MOST_BUCKET_BITS = 16;

    /// For few candidates: clearing many buckets would cost more than sorting a full one.
    private static final int FEWEST_BUCKET_BITS = 8;

    private static final int FEW = 4096;

    private final int[] tokens;
    private final float[] scores;
    private final long[] weights;

    /// Ranks of one bucket's candidates.
    private final long[] ranks;

    private final int[] bucketCounts = new int[1 << MOST_BUCKET_BITS];
    private final long[] bucketWeights = new long[1 << MOST_BUCKET_BITS];
    private int count;
    private int bucketBits = MOST_BUCKET_BITS;

    Candidates(int vocabulary) {
        tokens = new int[vocabulary];
        scores = new float[vocabulary];
        weights = new long[vocabulary];
        ranks = new long[vocabulary];
    }

    int token(int index) {
        return tokens[index];
    }

    float score(int index) {
        return scores[index];
    }

    /// Starts anew with every token whose logit is above −∞, without weights.
    void gather(float[] logits, int vocabulary) {
        count = 0;
        for (int token = 0; token < vocabulary; token++) {
            float logit = logits[token];
            if (logit > Float.NEGATIVE_INFINITY) {
                tokens[count] = token;
                scores[count++] = logit + 0.0f; // −0 becomes 0: they tie
            }
        }
    }

    /// The token that a [Draw] gives: what [dev.ingot.engine.ops.Encoder#sample] is on this side.
    ///
    /// @param logits finite or −∞
    /// @param max the largest of them, finite
    int draw(float[] logits, int vocabulary, float max, Draw draw) {
        gather(logits, vocabulary, max, draw);
        if (draw.topK() > 0) {
            keepLikeliest(draw.topK());
        }
        if (draw.topP() != 0) {
            keepNucleus(SoftmaxWeight.partOf(total(), draw.topP()));
        }
        long drawn = SoftmaxWeight.drawn(total(), draw.random());
        long cumulated = weights[0];
        int i = 0;
        while (cumulated <= drawn) {
            cumulated += weights[++i];
        }
        return tokens[i];
    }

    private void gather(float[] logits, int vocabulary, float max, Draw draw) {
        count = 0;
        float scale = draw.scale();
        int reach = draw.reach();
        for (int token = 0; token < vocabulary; token++) {
            int distance = SoftmaxWeight.distance(logits[token], max, scale);
            if (distance <= reach) {
                tokens[count] = token;
                scores[count] = logits[token] + 0.0f;
                weights[count++] = SoftmaxWeight.of(distance);
            }
        }
    }

    /// Keeps the `k` that rank highest.
    void keepLikeliest(int k) {
        if (k >= count) {
            return;
        }
        int buckets = chooseBuckets();
        Arrays.fill(bucketCounts, 0, buckets, 0);
        for (int i = 0; i < count; i++) {
            bucketCounts[bucket(scores[i])]++;
        }
        int above = 0;
        int cut = buckets - 1;
        while (above + bucketCounts[cut] < k) {
            above += bucketCounts[cut--];
        }
        int inBucket = sortBucket(cut);
        keepFrom(ranks[inBucket - (k - above)]);
    }

    /// Keeps the shortest run of highest ranks that weighs at least `target` (Holtzman et al. 2020).
    ///
    /// @param target at most the total
    private void keepNucleus(long target) {
        int buckets = chooseBuckets();
        Arrays.fill(bucketWeights, 0, buckets, 0);
        for (int i = 0; i < count; i++) {
            bucketWeights[bucket(scores[i])] += weights[i];
        }
        long above = 0;
        int cut = buckets - 1;
        while (above + bucketWeights[cut] < target) {
            above += bucketWeights[cut--];
        }
        int rank = sortBucket(cut);
        do {
            above += weights[index(ranks[--rank])];
        } while (above < target);
        keepFrom(ranks[rank]);
    }

    private long total() {
        long total = 0;
        for (int i = 0; i < count; i++) {
            total += weights[i];
        }
        return total;
    }

    /// The kept candidates' indices, highest rank first.
    int[] byRank() {
        for (int i = 0; i < count; i++) {
            ranks[i] = rank(i);
        }
        Arrays.sort(ranks, 0, count);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            order[i] = index(ranks[count - 1 - i]);
        }
        return order;
    }

    /// Puts the ranks of one bucket's candidates into [#ranks], lowest first.
    ///
    /// @return how many
    private int sortBucket(int bucket) {
        int found = 0;
        for (int i = 0; i < count; i++) {
            if (bucket(scores[i]) == bucket) {
                ranks[found++] = rank(i);
            }
        }
        Arrays.sort(ranks, 0, found);
        return found;
    }

    private void keepFrom(long lowestRank) {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (rank(i) >= lowestRank) {
                tokens[kept] = tokens[i];
                scores[kept] = scores[i];
                weights[kept++] = weights[i];
            }
        }
        count = kept;
    }

    /// Orders candidates: by score, then lower index first. Index order is token order.
    private long rank(int index) {
        return ((long) ordered(scores[index]) << 32) | (~index & 0xFFFFFFFFL);
    }

    private static int index(long rank) {
        return ~(int) rank;
    }

    private int chooseBuckets() {
        bucketBits = count > FEW ? MOST_BUCKET_BITS : FEWEST_BUCKET_BITS;
        return 1 << bucketBits;
    }

    private int bucket(float score) {
        return (ordered(score) >> (Integer.SIZE - bucketBits)) + (1 << (bucketBits - 1));
    }

    /// An integer that compares as the float does.
    private static int ordered(float score) {
        int bits = Float.floatToRawIntBits(score);
        return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    }
}
