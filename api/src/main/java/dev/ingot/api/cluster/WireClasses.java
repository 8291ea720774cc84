package dev.ingot.api.cluster;

import dev.ingot.engine.sampling.SamplingParams;
import dev.ingot.engine.sequence.Caller;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.PriorityClass;
import dev.ingot.engine.sequence.SequenceId;
import dev.ingot.scheduler.Engine;
import java.util.List;

/// Everything that may be on the wire between two nodes, in the order of its numbers there.
///
/// A class is never removed nor moved: its place would mean something else to a node of another build. New ones are added at
/// the end. A record whose components change makes another protocol: [Link#PROTOCOL] grows.
final class WireClasses {
    static final List<Class<?>> RECORDS_AND_ENUMS =
            List.of(
                    Link.Hello.class,
                    Link.Welcome.class,
                    Link.NotNow.class,
                    Link.Told.class,
                    Link.Report.class,
                    Link.AgainFrom.class,
                    Link.Ended.class,
                    Link.Asked.class,
                    Link.Heartbeat.class,
                    Link.Again.class,
                    Link.Leave.class,
                    Link.EngineCard.class,
                    Link.EngineLoad.class,
                    Engine.Submit.class,
                    Engine.Credit.class,
                    Engine.Abort.class,
                    Engine.Accepted.class,
                    Engine.Rejected.class,
                    Engine.TokensSampled.class,
                    Engine.Finished.class,
                    Engine.Failed.class,
                    Engine.HandedBack.class,
                    Engine.Usage.class,
                    Engine.TokenLogprob.class,
                    Engine.Rejection.class,
                    SequenceId.class,
                    FinishReason.class,
                    SamplingParams.class,
                    Caller.class,
                    PriorityClass.class,
                    Engine.Expired.class,
                    Link.AllTold.class,
                    Link.AllAsked.class);

    private WireClasses() {}
}
