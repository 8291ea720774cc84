package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.Chat;
import dev.ingot.api.openai.wire.ChatCompletionRequest;
import dev.ingot.api.openai.wire.Head;
import dev.ingot.api.openai.wire.Usage;
import dev.ingot.engine.sequence.FinishReason;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.OutputFormat;
import dev.ingot.scheduler.Engine;
import dev.ingot.scheduler.Output;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Answers of `/v1/chat/completions`.
///
/// A choice's first chunk has the role and no words, its last one the finish reason and nothing else. What is told of
/// tokens (ids, log probabilities) goes with the first document of their delta, since words and calls have no
/// token boundaries of their own.
final class ChatAnswer implements Answer {
    private final Head head;
    private final ChatCompletionRequest request;
    private final Mapped mapped;
    private final TokenNames names;
    private final List<ChatChoice> choices = new ArrayList<>();
    private boolean begun;
    private int outputTokens;

    ChatAnswer(
            Head head,
            ChatCompletionRequest request,
            Mapped mapped,
            OutputFormat format,
            TokenNames names) {
        this.head = head;
        this.request = request;
        this.mapped = mapped;
        this.names = names;
        var tools = new HashMap<String, Map<String, Object>>();
        request.tools().forEach(tool -> tools.put(tool.name(), tool.parameters()));
        long id = mapped.spec().id();
        for (int i = 0; i < mapped.spec().choices().size(); i++) {
            int index = i;
            choices.add(
                    new ChatChoice(
                            index,
                            format.parser(
                                    mapped.promptText(),
                                    tools,
                                    call -> format.callId(id, index, call)),
                            request.parallelToolCalls(),
                            request.includeReasoning()));
        }
    }

    @Override
    public List<Chat.Chunk> chunks(Output output) {
        return switch (output) {
            case Output.Delta delta -> delta(delta);
            case Output.ChoiceFinished finished -> end(finished);
            case Output.Completed completed ->
                    request.output().includeUsage()
                            ? List.of(Chat.Chunk.of(head, List.of(), usage(completed), null))
                            : List.of();
            case Output.Broken _, Output.TimedOut _ -> List.of();
        };
    }

    private List<Chat.Chunk> delta(Output.Delta delta) {
        outputTokens += delta.tokens().size();
        var choice = choices.get(delta.choice());
        var chunks = new ArrayList<Chat.Chunk>();
        open(choice, chunks);
        var deltas = ChatChoice.deltas(choice.read(delta.text()));
        var logprobs = logprobs(delta.tokens(), delta.logprobs());
        var tokenIds = request.output().returnTokenIds() ? delta.tokens() : null;
        if (deltas.isEmpty() && (logprobs != null || tokenIds != null)) {
            deltas = List.of(new Chat.Delta(null, "", null, List.of()));
        }
        for (var each : deltas) {
            chunks.add(
                    chunk(
                            new Chat.ChunkChoice(
                                    choice.index(), each, logprobs, null, null, tokenIds)));
            logprobs = null;
            tokenIds = null;
        }
        return chunks;
    }

    private List<Chat.Chunk> end(Output.ChoiceFinished finished) {
        var choice = choices.get(finished.choice());
        var chunks = new ArrayList<Chat.Chunk>();
        open(choice, chunks);
        for (var each : ChatChoice.deltas(choice.finish())) {
            chunks.add(chunk(new Chat.ChunkChoice(choice.index(), each, null, null, null, null)));
        }
        chunks.add(
                chunk(
                        new Chat.ChunkChoice(
                                choice.index(),
                                Chat.Delta.NONE,
                                null,
                                finishReason(choice, finished.reason()),
                                FinishReasons.stopReason(finished),
                                null)));
        return chunks;
    }

    private void open(ChatChoice choice, List<Chat.Chunk> chunks) {
        if (!choice.begin()) {
            return;
        }
        var role = new Chat.Delta("assistant", "", null, List.of());
        var promptTokens = request.output().returnTokenIds() && !begun ? mapped.promptOf(0) : null;
        begun = true;
        chunks.add(
                Chat.Chunk.of(
                        head,
                        List.of(new Chat.ChunkChoice(choice.index(), role, null, null, null, null)),
                        usageSoFar(),
                        promptTokens));
    }

    private Chat.Chunk chunk(Chat.ChunkChoice choice) {
        return Chat.Chunk.of(head, List.of(choice), usageSoFar(), null);
    }

    private @Nullable Usage usageSoFar() {
        return request.output().continuousUsage()
                ? Usage.of(mapped.promptTokenCount(), 0, outputTokens)
                : null;
    }

    @Override
    public Chat.Completion whole(List<Output> outputs) {
        var completed = CollectedChoice.completed(outputs);
        var collected = CollectedChoice.of(outputs, choices.size());
        var written = new ArrayList<Chat.Choice>();
        for (var choice : choices) {
            var each = collected.get(choice.index());
            var parts = new ArrayList<>(choice.read(each.text()));
            parts.addAll(choice.finish());
            written.add(
                    new Chat.Choice(
                            choice.index(),
                            ChatChoice.message(parts),
                            logprobs(each.tokens(), each.logprobs()),
                            finishReason(choice, each.finished().reason()),
                            FinishReasons.stopReason(each.finished()),
                            request.output().returnTokenIds() ? each.tokens() : null));
        }
        return Chat.Completion.of(
                head,
                written,
                usage(completed),
                request.output().returnTokenIds() ? mapped.promptOf(0) : null);
    }

    private Chat.@Nullable Logprobs logprobs(Tokens tokens, List<Engine.TokenLogprob> logprobs) {
        return request.logprobs() == null || logprobs.isEmpty()
                ? null
                : names.chat(tokens, logprobs);
    }

    private static String finishReason(ChatChoice choice, FinishReason reason) {
        return reason == FinishReason.STOP && choice.hasCalled()
                ? FinishReasons.TOOL_CALLS
                : FinishReasons.name(reason);
    }

    private static Usage usage(Output.Completed completed) {
        var usage = completed.usage();
        var told = Usage.of(usage.promptTokens(), usage.cachedTokens(), usage.outputTokens());
        return completed.approximate() ? told.approximate() : told;
    }
}
