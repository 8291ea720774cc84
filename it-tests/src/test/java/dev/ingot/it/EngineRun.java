package dev.ingot.it;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.EngineGuardian;
import dev.ingot.scheduler.EngineMetrics;
import dev.ingot.scheduler.EngineSettings;
import dev.ingot.scheduler.Engines;
import dev.ingot.worker.MetalWorkerActor;
import dev.ingot.worker.WorkerSettings;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/// An engine of a test's own, asked by its messages: all prompts in one batch.
final class EngineRun {
    /// A prompt, and what is to be done with it.
    record Asked(Tokens prompt, SamplingParams params) {}

    /// What came of it.
    record Told(Tokens tokens, List<Float> logprobs) {}

    private EngineRun() {}

    static List<Told> of(ActorTestKit kit, WorkerSettings worker, List<Asked> asked) {
        var settings =
                new EngineSettings(
                        "asked", worker.maxSequences(), worker.maxStepTokens(), 100, true);
        var guardian =
                kit.spawn(
                        EngineGuardian.create(
                                settings,
                                reportTo ->
                                        MetalWorkerActor.create(worker, reportTo, System::nanoTime),
                                _ -> {},
                                new EngineMetrics(new PrometheusRegistry(), "asked"),
                                System::nanoTime));
        var found = kit.<Engines.Answer>createTestProbe();
        var wanted = new Engines.Wanted(1, "asked", Tokens.NONE, "", 1, false, "");
        guardian.tell(new Engines.Find(wanted, null, false, found.ref()));
        var engine = found.expectMessageClass(Engines.Found.class, Duration.ofSeconds(20)).engine();
        var client = kit.<Engine.Event>createTestProbe();
        for (int i = 0; i < asked.size(); i++) {
            engine.tell(
                    new Engine.Submit(
                            new SequenceId(i, 0),
                            0,
                            asked.get(i).prompt(),
                            Tokens.NONE,
                            asked.get(i).params(),
                            Caller.ANYONE,
                            "",
                            Integer.MAX_VALUE,
                            false,
                            client.ref()));
        }
        var told = new ArrayList<Told>();
        asked.forEach(_ -> told.add(new Told(Tokens.NONE, new ArrayList<>())));
        for (int finished = 0; finished < asked.size(); ) {
            switch (client.receiveMessage(Duration.ofSeconds(20))) {
                case Engine.Accepted _ -> {}
                case Engine.TokensSampled sampled -> {
                    int i = (int) sampled.sequence().request();
                    var before = told.get(i);
                    sampled.logprobs().forEach(each -> before.logprobs().add(each.logprob()));
                    told.set(
                            i, new Told(before.tokens().plus(sampled.tokens()), before.logprobs()));
                }
                case Engine.Finished _ -> finished++;
                case Engine.Event unexpected -> throw new AssertionError(unexpected.toString());
            }
        }
        return told;
    }
}
