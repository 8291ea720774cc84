package dev.ingot.api.openai;

import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.scheduler.Output;
import org.jspecify.annotations.Nullable;

/// OpenAI's and vLLM's words for how a choice ended.
final class FinishReasons {
    static final String TOOL_CALLS = "tool_calls";

    private FinishReasons() {}

    static String name(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case ABORTED -> "abort";
            case ERROR -> "error";
        };
    }

    /// vLLM's `stop_reason`: the stop string or stop token id that ended the choice, or null.
    static @Nullable Object stopReason(Output.ChoiceFinished finished) {
        if (finished.stopString() != null) {
            return finished.stopString();
        }
        return finished.stopToken() < 0 ? null : (Object) finished.stopToken();
    }
}
