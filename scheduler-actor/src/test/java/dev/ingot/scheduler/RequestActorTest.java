package dev.ingot.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.TestTokenizers;
import dev.ingot.engine.text.Tokenizer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A request between a client and engines that are played by hand.
final class RequestActorTest {
    private static final Duration SOON = Duration.ofMillis(150);
    private static final SequenceId FIRST = new SequenceId(7, 0);

    private final ActorTestKit kit = ActorTestKit.create();
    private final TestProbe<Engines.Command> engines = kit.createTestProbe();
    private final TestProbe<Requests.Answer> opener = kit.createTestProbe();
    private final TestProbe<Output> client = kit.createTestProbe();
    private TestProbe<Engine.Command> engine = kit.createTestProbe();

    private final Tokenizer tokenizer;

    RequestActorTest(@TempDir Path folder) throws IOException {
        tokenizer = TestTokenizers.byteLevel(folder);
    }

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
        tokenizer.close();
    }

    private Tokens text(String text) {
        return tokenizer.encode(text, false);
    }

    private SamplingParams params(List<String> stops) {
        return SamplingParams.greedy(1000).toBuilder().stopStrings(stops).build();
    }

    private ActorRef<Requests.Handle> request(boolean stream, SamplingParams params, int choices) {
        return request(stream, params, choices, Duration.ZERO);
    }

    private ActorRef<Requests.Handle> request(
            boolean stream, SamplingParams params, int choices, Duration timeout) {
        var choice = new RequestSpec.Choice(text("Hello"), params);
        var spec =
                new RequestSpec(
                        7,
                        Collections.nCopies(choices, choice),
                        Caller.ANYONE,
                        timeout,
                        stream,
                        "",
                        true,
                        false);
        return kit.spawn(
                RequestActor.create(
                        spec,
                        "fake",
                        tokenizer,
                        engines.ref(),
                        opener.ref(),
                        new EngineMetrics(new PrometheusRegistry(), "fake"),
                        System::nanoTime));
    }

    /// Names the engine that is asked for, and gives what is submitted to it.
    private Engine.Submit submission() {
        engines.expectMessageClass(Engines.Find.class)
                .replyTo()
                .tell(new Engines.Found(engine.ref()));
        return engine.expectMessageClass(Engine.Submit.class);
    }

    private Engine.Submit opened(ActorRef<Requests.Handle> request) {
        var submit = submission();
        submit.replyTo().tell(new Engine.Accepted(FIRST, submit.epoch()));
        assertThat(opener.expectMessageClass(Requests.Opened.class).handle()).isEqualTo(request);
        return submit;
    }

    private void sample(Engine.Submit submit, int firstIndex, String text) {
        submit.replyTo()
                .tell(
                        new Engine.TokensSampled(
                                FIRST, submit.epoch(), firstIndex, text(text), List.of()));
    }

    private static Engine.Finished finished(Engine.Submit submit, int outputTokens) {
        return new Engine.Finished(
                FIRST,
                submit.epoch(),
                FinishReason.LENGTH,
                -1,
                new Engine.Usage(5, 0, outputTokens));
    }

    @Test
    void endsOnceWhenItsTimeIsUpAndLeavesNothingInTheEngine() {
        var request = request(false, params(List.of()), 1, Duration.ofMillis(300));
        var submit = opened(request);
        var whole = kit.<Requests.Whole>createTestProbe();
        request.tell(new Requests.Collect(whole.ref()));
        sample(submit, 0, "a");
        var outputs = whole.receiveMessage().outputs();
        assertThat(outputs.getLast()).isInstanceOf(Output.TimedOut.class);
        assertThat(engine.expectMessageClass(Engine.Abort.class).sequence()).isEqualTo(FIRST);
        whole.expectTerminated(request);
    }

    @Test
    void isRefusedWhenItsTimeIsUpBeforeAnEngineTakesIt() {
        var request = request(true, params(List.of()), 1, Duration.ofMillis(100));
        engines.expectMessageClass(Engines.Find.class);
        var refused = opener.expectMessageClass(Requests.Refused.class);
        assertThat(refused.reason()).isEqualTo(Requests.Reason.TIMED_OUT);
        opener.expectTerminated(request);
    }

    @Test
    void passesOnThatItWaitedTooLongInTheQueue() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        submit.replyTo()
                .tell(new Engine.Expired(FIRST, submit.epoch(), "waited", Duration.ofSeconds(3)));
        var timedOut = client.expectMessageClass(Output.TimedOut.class);
        assertThat(timedOut.inQueue()).isTrue();
        assertThat(timedOut.retryAfter()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void tellsAStreamOneThingAtATimeAndTheLastWordOnce() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        sample(submit, 0, "a");
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEqualTo("a");
        sample(submit, 1, "b");
        sample(submit, 2, "c");
        client.expectNoMessage(SOON);
        request.tell(Requests.Taken.INSTANCE);
        assertThat(client.expectMessageClass(Output.Delta.class).text())
                .as("coalesced")
                .isEqualTo("bc");
        submit.replyTo().tell(finished(submit, 3));
        request.tell(Requests.Taken.INSTANCE);
        assertThat(client.expectMessageClass(Output.ChoiceFinished.class).reason())
                .isEqualTo(FinishReason.LENGTH);
        request.tell(Requests.Taken.INSTANCE);
        assertThat(client.expectMessageClass(Output.Completed.class).usage())
                .isEqualTo(new Engine.Usage(text("Hello").size(), 0, 3));
        request.tell(Requests.Taken.INSTANCE);
        client.expectTerminated(request);
    }

    @Test
    void duplicatesGapsAndOldEpochsChangeNothing() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        sample(submit, 1, "gap");
        submit.replyTo().tell(new Engine.TokensSampled(FIRST, 9, 0, text("x"), List.of()));
        client.expectNoMessage(SOON);
        sample(submit, 0, "a");
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEqualTo("a");
        request.tell(Requests.Taken.INSTANCE);
        sample(submit, 0, "a");
        client.expectNoMessage(SOON);
        sample(submit, 1, "b");
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEqualTo("b");
    }

    @Test
    void grantsCreditOnlyAsTheClientTakes() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        assertThat(submit.creditUpTo()).isEqualTo(RequestActor.WINDOW);
        request.tell(new Requests.Attach(client.ref()));
        for (int i = 0; i < RequestActor.WINDOW; i++) {
            sample(submit, i, "a");
        }
        client.expectMessageClass(Output.Delta.class);
        engine.expectNoMessage(SOON);
        request.tell(Requests.Taken.INSTANCE);
        client.expectMessageClass(Output.Delta.class);
        request.tell(Requests.Taken.INSTANCE);
        assertThat(engine.expectMessageClass(Engine.Credit.class).upTo())
                .isEqualTo(2 * RequestActor.WINDOW);
    }

    @Test
    void goesOnInAnotherEngineWithWhatItHasDelivered() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        sample(submit, 0, "ab");
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEqualTo("ab");

        var lost = engine;
        engine = kit.createTestProbe();
        lost.stop();
        var again = submission();
        assertThat(again.epoch()).isEqualTo(1);
        assertThat(again.generated()).isEqualTo(text("ab"));
        again.replyTo().tell(new Engine.Accepted(FIRST, 1));
        sample(submit, text("ab").size(), "late"); // The dead engine's last words arrive after all.
        sample(again, text("ab").size(), "c");
        request.tell(Requests.Taken.INSTANCE);
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEqualTo("c");
    }

    @Test
    void goesOnElsewhereWhenADrainingEngineHandsItBack() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        sample(submit, 0, "ab");
        client.expectMessageClass(Output.Delta.class);
        submit.replyTo().tell(new Engine.HandedBack(FIRST, 0));
        engine.expectMessageClass(Engine.Abort.class);
        var draining = engine;
        engine = kit.createTestProbe();
        var find = engines.expectMessageClass(Engines.Find.class);
        assertThat(find.left()).as("it is not named again").isEqualTo(draining.ref());
        find.replyTo().tell(new Engines.Found(engine.ref()));
        var again = engine.expectMessageClass(Engine.Submit.class);
        assertThat(again.epoch()).isEqualTo(1);
        assertThat(again.generated()).isEqualTo(text("ab"));
    }

    @Test
    void triesAnotherEngineBeforeItIsRefusedByOneThatDrains() {
        request(true, params(List.of()), 1);
        var submit = submission();
        submit.replyTo()
                .tell(
                        new Engine.Rejected(
                                FIRST, 0, Engine.Rejection.DRAINING, "draining", Duration.ZERO));
        engines.expectMessageClass(Engines.Find.class)
                .replyTo()
                .tell(new Engines.NoEngine("all are stopping"));
        var refused = opener.expectMessageClass(Requests.Refused.class);
        assertThat(refused.reason()).isEqualTo(Requests.Reason.NOT_READY);
        assertThat(refused.message()).isEqualTo("all are stopping");
    }

    @Test
    void isBrokenOffWithTheReasonWhereThereIsNoOtherEngine() {
        var request = request(true, params(List.of()), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        submit.replyTo().tell(new Engine.HandedBack(FIRST, 0));
        engines.expectMessageClass(Engines.Find.class)
                .replyTo()
                .tell(new Engines.NoEngine("all are stopping"));
        assertThat(client.expectMessageClass(Output.Broken.class).message())
                .isEqualTo("all are stopping");
    }

    @Test
    void givesUpWhenItHasLostTooManyEngines() {
        var request = request(true, params(List.of()), 1);
        opened(request);
        request.tell(new Requests.Attach(client.ref()));
        for (int i = 0; i < RequestActor.MAX_ENGINES_LOST; i++) {
            var lost = engine;
            engine = kit.createTestProbe();
            lost.stop();
            submission();
        }
        engine.stop();
        assertThat(client.expectMessageClass(Output.Broken.class).message()).contains("gave up");
    }

    @Test
    void aStopStringEndsTheChoiceAndTellsTheEngine() {
        var request = request(true, params(List.of("END")), 1);
        var submit = opened(request);
        request.tell(new Requests.Attach(client.ref()));
        sample(submit, 0, "one E");
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEqualTo("one ");
        sample(submit, text("one E").size(), "ND two");
        assertThat(engine.expectMessageClass(Engine.Abort.class).reason())
                .isEqualTo(FinishReason.STOP);
        request.tell(Requests.Taken.INSTANCE);
        assertThat(client.expectMessageClass(Output.Delta.class).text()).isEmpty();
        request.tell(Requests.Taken.INSTANCE);
        var end = client.expectMessageClass(Output.ChoiceFinished.class);
        assertThat(end.reason()).isEqualTo(FinishReason.STOP);
        assertThat(end.stopString()).isEqualTo("END");
    }

    @Test
    void aClientThatLeavesAbortsEverything() {
        var request = request(true, params(List.of()), 2);
        engines.expectMessageClass(Engines.Find.class)
                .replyTo()
                .tell(new Engines.Found(engine.ref()));
        engine.expectMessageClass(Engine.Submit.class);
        engine.expectMessageClass(Engine.Submit.class);
        request.tell(Requests.ClientGone.INSTANCE);
        assertThat(engine.expectMessageClass(Engine.Abort.class).reason())
                .isEqualTo(FinishReason.ABORTED);
        engine.expectMessageClass(Engine.Abort.class);
        client.expectTerminated(request);
    }

    @Test
    void isRefusedWithTheEnginesReason() {
        request(true, params(List.of()), 1);
        var submit = submission();
        submit.replyTo()
                .tell(
                        new Engine.Rejected(
                                FIRST,
                                0,
                                Engine.Rejection.QUEUE_FULL,
                                "full",
                                Duration.ofSeconds(3)));
        var find = engines.expectMessageClass(Engines.Find.class);
        assertThat(find.wasFull()).as("another engine may have room").isTrue();
        assertThat(find.left()).isEqualTo(engine.ref());
        find.replyTo().tell(new Engines.AllFull("there is no other", Duration.ZERO));
        var refused = opener.expectMessageClass(Requests.Refused.class);
        assertThat(refused.message()).isEqualTo("full");
        assertThat(refused.reason()).isEqualTo(Requests.Reason.QUEUE_FULL);
        assertThat(refused.retryAfter()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void aWholeAnswerComesAtOnceWithUnlimitedCredit() {
        var request = request(false, params(List.of()), 1);
        var submit = opened(request);
        assertThat(submit.creditUpTo()).isEqualTo(Integer.MAX_VALUE);
        var collector = kit.<Requests.Whole>createTestProbe();
        request.tell(new Requests.Collect(collector.ref()));
        sample(submit, 0, "abc");
        collector.expectNoMessage(SOON);
        submit.replyTo().tell(finished(submit, 3));
        var outputs = collector.expectMessageClass(Requests.Whole.class).outputs();
        assertThat(outputs).hasSize(3);
        assertThat(outputs.getFirst())
                .isInstanceOfSatisfying(
                        Output.Delta.class, delta -> assertThat(delta.text()).isEqualTo("abc"));
        assertThat(outputs.getLast()).isInstanceOf(Output.Completed.class);
    }
}
