package dev.ingot.api.openai;

import dev.ingot.scheduler.Output;
import java.util.List;

/// Turns what a request says into OpenAI's documents. One object per request, read from one end by one thread.
interface Answer {
    /// What a stream tells the client for this output: any number of documents, in order. [Output.Broken] and
    /// [Output.TimedOut] are not asked of it: they are the same for all.
    List<? extends Object> chunks(Output output);

    /// The one document of an answer that is told at once; its outputs end with [Output.Completed].
    Object whole(List<Output> outputs);
}
