package dev.ingot.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.ingot.engine.ops.DType;
import dev.ingot.engine.ops.Draw;
import dev.ingot.engine.ops.LogitEdits;
import dev.ingot.engine.ops.ReferenceDevice;
import dev.ingot.engine.ops.Steps;
import dev.ingot.engine.ops.Tensor;
import dev.ingot.engine.sequence.Tokens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SequenceSamplerTest {
    private static final SamplingParams GREEDY = SamplingParams.greedy(100);
    private static final SamplingParams RANDOM = GREEDY.toBuilder().temperature(1).seed(11).build();

    // ---- against the naive implementation

    @Test
    void agreesWithTheNaiveSamplerForRandomParametersAndRows() throws InvalidLogitsException {
        for (long seed = 0; seed < 400; seed++) {
            var random = new Random(seed);
            int vocabulary = List.of(1, 2, 7, 33, 129, 700).get(random.nextInt(6));
            var params = randomParams(random, vocabulary);
            var prompt = randomTokens(random, vocabulary, random.nextInt(20));
            int choice = random.nextInt(3);
            var sampler =
                    new SequenceSampler(params, choice, tokens(prompt), Tokens.NONE, vocabulary);
            var scratch = new SamplerScratch(vocabulary);
            var output = new ArrayList<Integer>();
            for (int step = 0; step < 12; step++) {
                float[] row = randomRow(random, vocabulary);
                int expected = NaiveSampler.next(row, params, choice, prompt, output);
                var sample = sampler.next(segment(row), scratch);
                assertThat(sample.token())
                        .as("seed %d, step %d, %s", seed, step, params)
                        .isEqualTo(expected);
                if (params.logprobs() >= 0) {
                    assertLogprobs(
                            sample, row, params.logprobs(), "seed " + seed + ", step " + step);
                }
                output.add(expected);
            }
        }
    }

    private static void assertLogprobs(Sample sample, float[] row, int asked, String where) {
        assertThat((double) sample.logprob())
                .as(where)
                .isCloseTo(NaiveSampler.logprob(row, sample.token()), within(1e-5));
        var ranked = new ArrayList<Integer>();
        for (int token = 0; token < row.length; token++) {
            ranked.add(token);
        }
        ranked.removeIf(token -> row[token] == Float.NEGATIVE_INFINITY);
        ranked.sort(
                (a, b) -> row[a] == row[b] ? Integer.compare(a, b) : Float.compare(row[b], row[a]));
        var top = Objects.requireNonNull(sample.top());
        assertThat(top.size()).as(where).isEqualTo(Math.min(asked, ranked.size()));
        for (int rank = 0; rank < top.size(); rank++) {
            assertThat(top.token(rank)).as(where).isEqualTo(ranked.get(rank));
            assertThat((double) top.logprob(rank))
                    .as(where)
                    .isCloseTo(NaiveSampler.logprob(row, ranked.get(rank)), within(1e-5));
        }
    }

    /// Few rows, many positions: each filter on its own leaves exactly the tokens that the naive one leaves.
    @Test
    void drawsEveryTokenThatAFilterLeavesAndNoOther() throws InvalidLogitsException {
        float[] row = {1, 3, 2, 2, -1, 3, 0, 2.5f};
        var filters =
                List.of(
                        RANDOM,
                        RANDOM.toBuilder().topK(3).build(),
                        RANDOM.toBuilder().topK(4).build(),
                        RANDOM.toBuilder().topP(0.5f).build(),
                        RANDOM.toBuilder().topP(0.9f).build(),
                        RANDOM.toBuilder().minP(0.3f).build(),
                        RANDOM.toBuilder().minP(0.2f).topK(5).topP(0.8f).build(),
                        RANDOM.toBuilder().temperature(2.5f).topP(0.7f).build());
        for (var params : filters) {
            var expected = NaiveSampler.distribution(row, params);
            int[] drawn = drawPositions(row, params, 40_000);
            double chiSquare = 0;
            for (int token = 0; token < row.length; token++) {
                double wanted = 40_000 * expected[token];
                if (wanted == 0) {
                    assertThat(drawn[token]).as("token %d under %s", token, params).isZero();
                } else {
                    chiSquare += (drawn[token] - wanted) * (drawn[token] - wanted) / wanted;
                }
            }
            // Seven degrees of freedom at most: above 35 once in 90 000 times, and the seed is
            // fixed.
            assertThat(chiSquare).as("%s", params).isLessThan(35);
        }
    }

    // ---- edges of the filters

    @Test
    void keepsAllWhenTopKIsTheVocabularyOrMore() {
        float[] row = randomRow(new Random(1), 50);
        var all = support(row, RANDOM);
        assertThat(all).hasSizeGreaterThan(10);
        assertThat(drawPositions(row, RANDOM.toBuilder().topK(50).build(), 500))
                .isEqualTo(drawPositions(row, RANDOM, 500));
        assertThat(drawPositions(row, RANDOM.toBuilder().topK(Integer.MAX_VALUE).build(), 500))
                .isEqualTo(drawPositions(row, RANDOM, 500));
    }

    @Test
    void keepsOneTokenWhenAFilterIsAtItsTightest() {
        float[] row = {0, 2, 1, 2, -3};
        assertThat(support(row, RANDOM.toBuilder().topP(Float.MIN_VALUE).build()))
                .containsExactly(1);
        assertThat(support(row, RANDOM.toBuilder().topP(1e-6f).build())).containsExactly(1);
        assertThat(support(row, RANDOM.toBuilder().topK(1).build())).containsExactly(1);
        assertThat(support(row, RANDOM.toBuilder().minP(1).build()))
                .as("both are the likeliest")
                .containsExactly(1, 3);
        assertThat(support(row, RANDOM.toBuilder().temperature(Float.MIN_VALUE).build()))
                .containsExactly(1, 3);
    }

    @Test
    void prefersTheLowerIndexAmongEquals() {
        float[] row = {5, 5, 5, 5, 5, 5};
        assertThat(support(row, GREEDY)).containsExactly(0);
        assertThat(support(row, RANDOM.toBuilder().topK(2).build())).containsExactly(0, 1);
        assertThat(support(row, RANDOM.toBuilder().topP(0.5f).build())).containsExactly(0, 1, 2);
        assertThat(support(new float[] {-0.0f, 0.0f}, GREEDY)).containsExactly(0);
        assertThat(support(new float[] {-0.0f, 0.0f}, RANDOM.toBuilder().topK(1).build()))
                .containsExactly(0);
    }

    /// Temperature before `min_p`: 0.5 squares the ratio of 0.25, which is below 0.1 then.
    @Test
    void appliesTemperatureBeforeMinP() {
        float[] row = {0, (float) Math.log(0.25)};
        var params = RANDOM.toBuilder().minP(0.1f).build();
        assertThat(support(row, params)).containsExactly(0, 1);
        assertThat(support(row, params.toBuilder().temperature(0.5f).build())).containsExactly(0);
    }

    /// `top_k` before `top_p`: of 0.4, 0.3, 0.2, 0.1 two are kept, 0.4 is 57 % of them and 0.3 the rest.
    @Test
    void appliesTopKBeforeTopP() {
        float[] row = logs(0.4, 0.3, 0.2, 0.1);
        assertThat(support(row, RANDOM.toBuilder().topP(0.5f).build())).containsExactly(0, 1);
        assertThat(support(row, RANDOM.toBuilder().topK(2).topP(0.5f).build())).containsExactly(0);
    }

    /// `min_p` before `top_p`: without the tail, 0.4 is 57 % of what is left.
    @Test
    void appliesMinPBeforeTopP() {
        float[] row = logs(0.4, 0.3, 0.2, 0.1);
        assertThat(support(row, RANDOM.toBuilder().minP(0.6f).topP(0.5f).build()))
                .containsExactly(0);
    }

    /// Bias before penalties: 1 + 3 is positive and divided; a penalty first would leave 1/2 + 3, the larger.
    @Test
    void appliesBiasBeforePenalties() throws InvalidLogitsException {
        var params =
                GREEDY.toBuilder()
                        .logitBias(LogitBias.of(Map.of(0, 3f)))
                        .repetitionPenalty(2)
                        .build();
        var sampler = new SequenceSampler(params, 0, Tokens.of(0), Tokens.NONE, 2);
        assertThat(sampler.next(segment(1, 2.5f), new SamplerScratch(2)).token()).isEqualTo(1);
    }

    // ---- penalties, bias, min_tokens

    @Test
    void countsRepeatedTokensForFrequencyOnceForPresence() throws InvalidLogitsException {
        var scratch = new SamplerScratch(3);
        var threeTimes = Tokens.of(0, 0, 0, 1);
        var frequency = GREEDY.toBuilder().frequencyPenalty(1).build();
        // 5 − 3 · 1 = 2 and 3.5 − 1 = 2.5
        assertThat(
                        sampler(frequency, Tokens.NONE, threeTimes, 3)
                                .next(segment(5, 3.5f, 0), scratch)
                                .token())
                .isEqualTo(1);
        var presence = GREEDY.toBuilder().presencePenalty(1).build();
        assertThat(
                        sampler(presence, Tokens.NONE, threeTimes, 3)
                                .next(segment(5, 3.5f, 0), scratch)
                                .token())
                .isZero();
        assertThat(
                        sampler(presence, Tokens.NONE, threeTimes, 3)
                                .next(segment(2, 1, 1.5f), scratch)
                                .token())
                .isEqualTo(2);
    }

    @Test
    void penalizesPromptTokensForRepetitionOnly() throws InvalidLogitsException {
        var scratch = new SamplerScratch(2);
        var prompt = Tokens.of(0, 0, 0);
        var others = GREEDY.toBuilder().frequencyPenalty(2).presencePenalty(2).build();
        assertThat(sampler(others, prompt, Tokens.NONE, 2).next(segment(1, 0.9f), scratch).token())
                .isZero();
        var repetition = GREEDY.toBuilder().repetitionPenalty(1.2f).build();
        assertThat(
                        sampler(repetition, prompt, Tokens.NONE, 2)
                                .next(segment(1, 0.9f), scratch)
                                .token())
                .isEqualTo(1);
        assertThat(
                        sampler(repetition, prompt, Tokens.NONE, 2)
                                .next(segment(-1, -1.1f), scratch)
                                .token())
                .isEqualTo(1);
    }

    @Test
    void doesNotEndBeforeMinTokens() throws InvalidLogitsException {
        var params =
                GREEDY.toBuilder()
                        .minTokens(2)
                        .eosTokenIds(Tokens.of(0, 999))
                        .stopTokenIds(Tokens.of(1))
                        .build();
        var sampler = sampler(params, Tokens.NONE, Tokens.NONE, 4);
        var scratch = new SamplerScratch(4);
        assertThat(sampler.next(segment(9, 8, 1, 0), scratch).token()).isEqualTo(2);
        assertThat(sampler.next(segment(9, 8, 0, 1), scratch).token()).isEqualTo(3);
        assertThat(sampler.next(segment(9, 8, 1, 0), scratch).token()).isZero();
        assertThat(sampler.outputCount()).isEqualTo(3);
    }

    @Test
    void forcesAndBansByBias() {
        float[] row = {1, 2, 3};
        var forced = RANDOM.toBuilder().logitBias(LogitBias.of(Map.of(0, 100f))).build();
        assertThat(support(row, forced)).containsExactly(0);
        var banned = RANDOM.toBuilder().logitBias(LogitBias.of(Map.of(2, -100f))).build();
        assertThat(support(row, banned)).containsExactly(0, 1);
    }

    // ---- randomness

    @Test
    void drawsTheSameForTheSameSeedAndOtherwiseForAnother() {
        float[] row = randomRow(new Random(2), 200);
        var first = generate(RANDOM, 0, row, Tokens.NONE, 60);
        assertThat(generate(RANDOM, 0, row, Tokens.NONE, 60)).isEqualTo(first);
        assertThat(generate(RANDOM.toBuilder().seed(12).build(), 0, row, Tokens.NONE, 60))
                .isNotEqualTo(first);
        assertThat(
                        generate(
                                RANDOM.toBuilder().seed(11L + (1L << 32)).build(),
                                0,
                                row,
                                Tokens.NONE,
                                60))
                .isNotEqualTo(first);
        assertThat(generate(RANDOM, 1, row, Tokens.NONE, 60)).isNotEqualTo(first);
    }

    /// Two choices of one request agree as often as independent draws do.
    @Test
    void drawsChoicesIndependentlyOfEachOther() {
        float[] row = new float[10];
        int draws = 20_000;
        var first = generate(RANDOM, 0, row, Tokens.NONE, draws);
        var second = generate(RANDOM, 1, row, Tokens.NONE, draws);
        int same = 0;
        for (int i = 0; i < draws; i++) {
            same += first.get(i).equals(second.get(i)) ? 1 : 0;
        }
        // 2000 expected, standard deviation 42
        assertThat(same).isBetween(1800, 2200);
    }

    /// What is drawn at a position does not depend on the order in which positions are visited.
    @Test
    void drawsAPositionTheSameWhicheverWayItIsReached() throws InvalidLogitsException {
        int vocabulary = 60;
        var random = new Random(5);
        float[][] rows = new float[30][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = randomRow(random, vocabulary);
        }
        var scratch = new SamplerScratch(vocabulary);
        var inOrder = new ArrayList<Integer>();
        var sampler = sampler(RANDOM, Tokens.NONE, Tokens.NONE, vocabulary);
        for (float[] row : rows) {
            inOrder.add(sampler.next(segment(row), scratch).token());
        }
        var positions = new ArrayList<>(IntStream.range(0, rows.length).boxed().toList());
        Collections.shuffle(positions, random);
        for (int position : positions) {
            var alone =
                    sampler(RANDOM, Tokens.NONE, tokens(inOrder.subList(0, position)), vocabulary);
            assertThat(alone.next(segment(rows[position]), scratch).token())
                    .isEqualTo(inOrder.get(position));
        }
    }

    /// A preemption or a restart at any point changes nothing: the sampler holds no state but the tokens.
    @Test
    void resumesAtEveryPointAsIfNothingHadHappened() throws InvalidLogitsException {
        for (long seed = 0; seed < 40; seed++) {
            var random = new Random(seed);
            int vocabulary = 40;
            var params = randomParams(random, vocabulary);
            var prompt = tokens(randomTokens(random, vocabulary, 10));
            float[][] rows = new float[15][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = randomRow(random, vocabulary);
            }
            var scratch = new SamplerScratch(vocabulary);
            var whole = continued(params, prompt, List.of(), rows, scratch);
            for (int split = 0; split <= rows.length; split++) {
                var head = whole.subList(0, split).stream().map(Sample::token).toList();
                assertThat(continued(params, prompt, head, rows, scratch))
                        .as("seed %d, split at %d, %s", seed, split, params)
                        .isEqualTo(whole.subList(split, rows.length));
            }
        }
    }

    private static List<Sample> continued(
            SamplingParams params,
            Tokens prompt,
            List<Integer> head,
            float[][] rows,
            SamplerScratch scratch)
            throws InvalidLogitsException {
        var sampler = sampler(params, prompt, tokens(head), rows[0].length);
        var samples = new ArrayList<Sample>();
        for (int i = head.size(); i < rows.length; i++) {
            samples.add(sampler.next(segment(rows[i]), scratch));
        }
        return samples;
    }

    @Test
    void leavesNothingBehindInTheScratch() throws InvalidLogitsException {
        var shared = new SamplerScratch(1000);
        var random = new Random(8);
        for (int i = 0; i < 200; i++) {
            int vocabulary = 1 + random.nextInt(1000);
            var params = randomParams(random, vocabulary);
            var row = segment(randomRow(random, vocabulary));
            var fresh =
                    sampler(params, Tokens.NONE, Tokens.NONE, vocabulary)
                            .next(row, new SamplerScratch(vocabulary));
            assertThat(sampler(params, Tokens.NONE, Tokens.NONE, vocabulary).next(row, shared))
                    .isEqualTo(fresh);
        }
    }

    // ---- log probabilities

    @Test
    void reportsLogprobsOfTheModelNotOfTheParameters() throws InvalidLogitsException {
        float[] row = logs(0.5, 0.25, 0.125, 0.125);
        var params =
                RANDOM.toBuilder()
                        .temperature(0.3f)
                        .topK(1)
                        .logitBias(LogitBias.of(Map.of(2, 50f)))
                        .logprobs(4)
                        .build();
        var sample =
                sampler(params, Tokens.NONE, Tokens.NONE, 4)
                        .next(segment(row), new SamplerScratch(4));
        assertThat(sample.token()).isEqualTo(2);
        assertThat((double) sample.logprob()).isCloseTo(Math.log(0.125), within(1e-6));
        var top = Objects.requireNonNull(sample.top());
        assertThat(List.of(top.token(0), top.token(1), top.token(2), top.token(3)))
                .containsExactly(0, 1, 2, 3);
        double sum = 0;
        for (int rank = 0; rank < 4; rank++) {
            sum += Math.exp(top.logprob(rank));
        }
        assertThat(sum).isCloseTo(1, within(1e-6));
    }

    @Test
    void reportsNoLogprobsUnlessAsked() throws InvalidLogitsException {
        var scratch = new SamplerScratch(2);
        var none = sampler(RANDOM, Tokens.NONE, Tokens.NONE, 2).next(segment(1, 2), scratch);
        assertThat(none.logprob()).isNaN();
        assertThat(none.top()).isNull();
        var chosenOnly =
                sampler(RANDOM.toBuilder().logprobs(0).build(), Tokens.NONE, Tokens.NONE, 2)
                        .next(segment(0, 0), scratch);
        assertThat((double) chosenOnly.logprob()).isCloseTo(Math.log(0.5), within(1e-6));
        assertThat(chosenOnly.top()).isEqualTo(TopLogprobs.NONE);
    }

    @Test
    void leavesImpossibleTokensOutOfTheAlternatives() throws InvalidLogitsException {
        var params = GREEDY.toBuilder().logprobs(3).build();
        float no = Float.NEGATIVE_INFINITY;
        var sample =
                sampler(params, Tokens.NONE, Tokens.NONE, 3)
                        .next(segment(no, 1, no), new SamplerScratch(3));
        assertThat(sample)
                .isEqualTo(new Sample(1, 0, TopLogprobs.of(new int[] {1}, new float[] {0})));
    }

    // ---- broken rows

    @Test
    void failsARowThatIsNotFinite() {
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (var params :
                    List.of(GREEDY, RANDOM, RANDOM.toBuilder().topK(1).logprobs(2).build())) {
                var sampler = sampler(params, Tokens.NONE, Tokens.NONE, 3);
                assertThatThrownBy(() -> sampler.next(segment(1, 2, broken), new SamplerScratch(3)))
                        .isInstanceOfSatisfying(
                                InvalidLogitsException.class,
                                e ->
                                        assertThat(e.reason())
                                                .isEqualTo(
                                                        InvalidLogitsException.Reason.BROKEN_ROW));
                assertThat(sampler.outputCount()).isZero();
            }
        }
    }

    @Test
    void failsARowWithoutAnyPossibleToken() {
        float no = Float.NEGATIVE_INFINITY;
        assertReason(GREEDY, InvalidLogitsException.Reason.BROKEN_ROW, no, no);
        assertReason(
                RANDOM.toBuilder().minTokens(1).eosTokenIds(Tokens.of(1)).build(),
                InvalidLogitsException.Reason.NOTHING_LEFT,
                no,
                3);
        assertReason(
                RANDOM.toBuilder().logitBias(LogitBias.of(Map.of(1, Float.MAX_VALUE))).build(),
                InvalidLogitsException.Reason.NOTHING_LEFT,
                0,
                Float.MAX_VALUE);
    }

    @Test
    void acceptsSingleImpossibleTokens() {
        float no = Float.NEGATIVE_INFINITY;
        assertThat(support(new float[] {no, 1, no, 1}, RANDOM)).containsExactly(1, 3);
        assertThat(
                        support(
                                new float[] {no, 1, no, 1},
                                RANDOM.toBuilder().topK(3).topP(0.99f).build()))
                .containsExactly(1, 3);
    }

    @Test
    void takesTheDevicesTokenOnlyWhereThatIsEnough() {
        var drawn = sampler(RANDOM, Tokens.NONE, Tokens.NONE, 5);
        assertThat(drawn.nextDrawn(4)).isEqualTo(Sample.of(4));
        assertThat(drawn.outputCount()).isEqualTo(1);
        assertThatThrownBy(() -> drawn.nextDrawn(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> drawn.nextDrawn(5)).isInstanceOf(IllegalArgumentException.class);
        var reported = sampler(RANDOM.toBuilder().logprobs(0).build(), Tokens.NONE, Tokens.NONE, 5);
        assertThatThrownBy(() -> reported.nextDrawn(4)).isInstanceOf(IllegalStateException.class);
        assertThat(reported.nextDrawn(4, -0.5f, TopLogprobs.NONE))
                .isEqualTo(new Sample(4, -0.5f, TopLogprobs.NONE));
        assertThatThrownBy(() -> drawn.nextDrawn(4, -0.5f, TopLogprobs.NONE))
                .isInstanceOf(IllegalStateException.class);
    }

    /// The host in one go; a device that does what it is told: the same tokens, from the same logits.
    @Test
    void tellsADeviceAllThatTheHostDoes() throws InvalidLogitsException {
        try (var device = new ReferenceDevice()) {
            for (long seed = 0; seed < 300; seed++) {
                var random = new Random(seed);
                int vocabulary = List.of(1, 2, 7, 33, 129, 700).get(random.nextInt(6));
                var params = randomParams(random, vocabulary).toBuilder().logprobs(-1).build();
                var prompt = tokens(randomTokens(random, vocabulary, random.nextInt(20)));
                var host = sampler(params, prompt, Tokens.NONE, vocabulary);
                var told = sampler(params, prompt, Tokens.NONE, vocabulary);
                var edits = LogitEdits.allocate(device, 1, 100);
                var draws = Tensor.allocate(device, "draws", DType.I32, 1, Draw.COLUMNS);
                var token = Tensor.allocate(device, "token", DType.I32, 1, 1);
                for (int step = 0; step < 12; step++) {
                    float[] row = randomRow(random, vocabulary);
                    var logits = Steps.floats(device, row);
                    int count = told.writeEdits(edits, 0, 0);
                    assertThat(count).isLessThanOrEqualTo(told.mostEdits(0));
                    edits.endRow(0, count);
                    told.draw(0).write(draws.contents(), 0);
                    Steps.run(
                            device,
                            enc -> {
                                enc.processLogits(logits, edits.first(1, count));
                                enc.sample(token, logits, draws);
                            });
                    assertThat(told.nextDrawn(Steps.intAt(token, 0)))
                            .as("seed %d, step %d, %s", seed, step, params)
                            .isEqualTo(host.next(segment(row), new SamplerScratch(vocabulary)));
                    edits.undo(0, logits);
                    assertThat(Steps.row(logits, 0)).isEqualTo(row);
                }
            }
        }
    }

    /// What is told one token ahead is what is told once the token is known.
    @Test
    void tellsADeviceAheadOfATokenThatHasNoSayInTheNext() {
        try (var device = new ReferenceDevice()) {
            var params =
                    RANDOM.toBuilder()
                            .minTokens(2)
                            .eosTokenIds(Tokens.of(1))
                            .logitBias(LogitBias.of(Map.of(3, 2f)))
                            .build();
            var ahead = sampler(params, Tokens.NONE, Tokens.NONE, 5);
            var edits = LogitEdits.allocate(device, 1, 10);
            for (int position = 0; position < 4; position++) {
                var told = ahead.draw(1);
                int entries = ahead.writeEdits(edits, 0, 1);
                ahead.nextDrawn(4);
                assertThat(ahead.draw(0)).isEqualTo(told).isNotEqualTo(ahead.draw(1));
                assertThat(ahead.writeEdits(edits, 0, 0))
                        .isEqualTo(entries)
                        .isEqualTo(position == 0 ? 2 : 1);
            }
            var penalizing =
                    sampler(
                            params.toBuilder().presencePenalty(1).build(),
                            Tokens.NONE,
                            Tokens.NONE,
                            5);
            assertThat(ahead.penalizes()).isFalse();
            assertThat(penalizing.penalizes()).isTrue();
            assertThatThrownBy(() -> penalizing.writeEdits(edits, 0, 1))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void refusesTokensOutsideTheVocabulary() {
        assertThatThrownBy(() -> sampler(GREEDY, Tokens.of(5), Tokens.NONE, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prompt");
        var biased = GREEDY.toBuilder().logitBias(LogitBias.of(Map.of(5, 1f))).build();
        assertThatThrownBy(() -> sampler(biased, Tokens.NONE, Tokens.NONE, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logit_bias");
        var sampler = sampler(GREEDY, Tokens.NONE, Tokens.NONE, 5);
        assertThatThrownBy(() -> sampler.next(segment(1, 2), new SamplerScratch(5)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- size

    @Test
    void agreesWithTheNaiveSamplerOnALargeVocabulary() throws InvalidLogitsException {
        int vocabulary = 151_936;
        var scratch = new SamplerScratch(vocabulary);
        var random = new Random(4);
        float[] row = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            row[i] = (float) (2.5 * random.nextGaussian());
        }
        float[] flat = new float[vocabulary];
        var settings =
                List.of(
                        RANDOM,
                        RANDOM.toBuilder().topP(0.95f).build(),
                        RANDOM.toBuilder().topP(0.9999f).build(),
                        RANDOM.toBuilder().topK(50).topP(0.9f).build(),
                        RANDOM.toBuilder().topK(100_000).minP(0.0001f).build(),
                        RANDOM.toBuilder().temperature(0.01f).topK(20).build());
        for (var params : settings) {
            for (float[] each : List.of(row, flat)) {
                int expected = NaiveSampler.next(each, params, 0, List.of(), List.of());
                int actual =
                        sampler(params, Tokens.NONE, Tokens.NONE, vocabulary)
                                .next(segment(each), scratch)
                                .token();
                assertThat(actual).as("%s", params).isEqualTo(expected);
            }
        }
    }

    // ---- helpers

    private static void assertReason(
            SamplingParams params, InvalidLogitsException.Reason reason, float... row) {
        var sampler = sampler(params, Tokens.NONE, Tokens.NONE, row.length);
        assertThatThrownBy(() -> sampler.next(segment(row), new SamplerScratch(row.length)))
                .isInstanceOfSatisfying(
                        InvalidLogitsException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason));
    }

    /// Which tokens come up in 2000 positions.
    private static Set<Integer> support(float[] row, SamplingParams params) {
        int[] drawn = drawPositions(row, params, 2000);
        var support = new TreeSet<Integer>();
        for (int token = 0; token < drawn.length; token++) {
            if (drawn[token] > 0) {
                support.add(token);
            }
        }
        return support;
    }

    /// How often each token is drawn over so many positions of one sequence.
    private static int[] drawPositions(float[] row, SamplingParams params, int positions) {
        int[] drawn = new int[row.length];
        generate(params, 0, row, Tokens.NONE, positions).forEach(token -> drawn[token]++);
        return drawn;
    }

    private static List<Integer> generate(
            SamplingParams params, int choice, float[] row, Tokens prompt, int count) {
        var sampler = new SequenceSampler(params, choice, prompt, Tokens.NONE, row.length);
        var scratch = new SamplerScratch(row.length);
        var segment = segment(row);
        var tokens = new ArrayList<Integer>();
        try {
            for (int i = 0; i < count; i++) {
                tokens.add(sampler.next(segment, scratch).token());
            }
        } catch (InvalidLogitsException e) {
            throw new AssertionError(e);
        }
        return tokens;
    }

    private static SequenceSampler sampler(
            SamplingParams params, Tokens prompt, Tokens generated, int vocabulary) {
        return new SequenceSampler(params, 0, prompt, generated, vocabulary);
    }

    private static SamplingParams randomParams(Random random, int vocabulary) {
        var params =
                GREEDY.toBuilder()
                        .seed(random.nextLong())
                        .temperature(random.nextInt(4) == 0 ? 0 : 3 * random.nextFloat());
        if (random.nextBoolean()) {
            params.topK(random.nextInt(vocabulary + 3));
        }
        if (random.nextBoolean()) {
            params.topP(1 - random.nextFloat());
        }
        if (random.nextBoolean()) {
            params.minP(random.nextFloat() * random.nextFloat());
        }
        if (random.nextBoolean()) {
            params.repetitionPenalty(0.5f + random.nextFloat());
        }
        if (random.nextBoolean()) {
            params.presencePenalty(4 * random.nextFloat() - 2);
        }
        if (random.nextBoolean()) {
            params.frequencyPenalty(4 * random.nextFloat() - 2);
        }
        if (random.nextBoolean()) {
            params.logitBias(
                    LogitBias.of(Map.of(random.nextInt(vocabulary), 20 * random.nextFloat() - 10)));
        }
        if (random.nextBoolean() && vocabulary > 4) {
            params.minTokens(random.nextInt(8))
                    .eosTokenIds(Tokens.of(0))
                    .stopTokenIds(Tokens.of(2, 3));
        }
        return params.logprobs(random.nextInt(6) - 1).build();
    }

    /// Gaussian, rounded now and then so that logits tie, with some −∞ (never all).
    private static float[] randomRow(Random random, int vocabulary) {
        float[] row = new float[vocabulary];
        boolean coarse = random.nextBoolean();
        for (int token = 0; token < vocabulary; token++) {
            float logit = (float) (3 * random.nextGaussian());
            row[token] = coarse ? Math.round(logit) : logit;
            if (random.nextInt(30) == 0 && token != 1 && vocabulary > 2) {
                row[token] = Float.NEGATIVE_INFINITY;
            }
        }
        return row;
    }

    private static List<Integer> randomTokens(Random random, int vocabulary, int count) {
        return random.ints(count, 0, vocabulary).boxed().toList();
    }

    private static float[] logs(double... probabilities) {
        float[] row = new float[probabilities.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) Math.log(probabilities[i]);
        }
        return row;
    }

    private static Tokens tokens(List<Integer> ids) {
        return Tokens.of(ids.stream().mapToInt(id -> id).toArray());
    }

    private static MemorySegment segment(float... row) {
        var segment = Arena.ofAuto().allocate((long) row.length * Float.BYTES, Float.BYTES);
        MemorySegment.copy(row, 0, segment, ValueLayout.JAVA_FLOAT, 0, row.length);
        return segment;
    }
}
