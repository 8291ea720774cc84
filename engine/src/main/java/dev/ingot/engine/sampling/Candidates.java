package dev.ingot.engine.sampling;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// The tokens that may still be chosen, in index order, narrowed down filter by filter.
///
/// Tokens are ranked by score, and by lower index among equals. No filter sorts more than it must: tokens are
/// first counted (or weighed) into buckets by the upper bits of their score, and only the bucket through
/// which the cut goes is sorted. What remains stays in index order, so that every sum is taken in one fixed order.
final class Candidates {
    private static final int MOST_BUCKET_BITS = 16;

    /// For few candidates: clearing many buckets would cost more than sorting a full one.
    private static final int FEWEST_BUCKET_BITS = 8;

    private static final int FEW = 4096;

    private final int[] tokens;
    private final float[] scores;
    private final double[] weights;

    /// Ranks of one bucket's candidates.
    private final long[] ranks;

    private final int[] bucketCounts = new int[1 << MOST_BUCKET_BITS];
    private final double[] bucketWeights = new double[1 << MOST_BUCKET_BITS];
    private int count;
    private int bucketBits = MOST_BUCKET_BITS;

    Candidates(int vocabulary) {
        tokens = new int[vocabulary];
        scores = new float[vocabulary];
        weights = new double[vocabulary];
        ranks = new long[vocabulary];
    }

    int count() {
        return count;
    }

    int token(int index) {
        return tokens[index];
    }

    float score(int index) {
        return scores[index];
    }

    /// Starts anew with every token whose logit is above −∞ and not below `lowest`.
    void gather(float[] logits, int vocabulary, double lowest) {
        count = 0;
        for (int token = 0; token < vocabulary; token++) {
            float logit = logits[token];
            if (logit > Float.NEGATIVE_INFINITY && logit >= lowest) {
                tokens[count] = token;
                scores[count++] = logit + 0.0f; // −0 becomes 0: they tie
            }
        }
    }

    /// Starts anew with the first `limit` of a list that falls by score, those not below `lowest`.
    ///
    /// @param ids −1 from where the list ends
    void gatherListed(MemorySegment ids, MemorySegment logits, int limit, double lowest) {
        count = 0;
        for (int i = 0; i < limit; i++) {
            int token = ids.getAtIndex(ValueLayout.JAVA_INT, i);
            float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            if (token < 0 || logit < lowest) {
                return;
            }
            int place = count++; // Into index order, as everywhere here.
            for (; place > 0 && tokens[place - 1] > token; place--) {
                tokens[place] = tokens[place - 1];
                scores[place] = scores[place - 1];
            }
            tokens[place] = token;
            scores[place] = logit + 0.0f;
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

    /// Gives each candidate its weight `e^((score − max) / temperature)`.
    ///
    /// @return the sum of the weights; at least 1, the weight of the maximum itself
    double weigh(float max, double temperature) {
        double total = 0;
        for (int i = 0; i < count; i++) {
            double weight = Exponential.exp(((double) scores[i] - max) / temperature);
            weights[i] = weight;
            total += weight;
        }
        return total;
    }

    /// Keeps the shortest run of highest ranks that has at least the share `p` of the weight (Holtzman et al. 2020).
    ///
    /// @return the sum of the weights that are left
    double keepNucleus(double p, double total) {
        int buckets = chooseBuckets();
        Arrays.fill(bucketWeights, 0, buckets, 0);
        for (int i = 0; i < count; i++) {
            bucketWeights[bucket(scores[i])] += weights[i];
        }
        double target = p * total;
        double above = 0;
        int cut = buckets - 1;
        while (cut >= 0 && above + bucketWeights[cut] < target) {
            above += bucketWeights[cut--];
        }
        if (cut < 0) {
            return total; // Rounding kept the sum just below the target: the nucleus is everything.
        }
        int rank = sortBucket(cut);
        do {
            above += weights[index(ranks[--rank])];
        } while (rank > 0 && above < target);
        keepFrom(ranks[rank]);
        double left = 0;
        for (int i = 0; i < count; i++) {
            left += weights[i];
        }
        return left;
    }

    /// Inverts the cumulative distribution, in index order.
    ///
    /// @param uniform in (0, 1)
    /// @param total as [#weigh] or [#keepNucleus] gave it
    int draw(double uniform, double total) {
        double target = uniform * total;
        double below = 0;
        int last = -1;
        for (int i = 0; i < count; i++) {
            below += weights[i];
            if (below > target) {
                return tokens[i];
            }
            last = weights[i] > 0 ? i : last;
        }
        return tokens[last]; // `target` was rounded up to the total.
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
