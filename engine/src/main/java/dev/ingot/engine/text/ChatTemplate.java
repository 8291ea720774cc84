package dev.ingot.engine.text;

import dev.ingot.engine.text.jinja.Template;
import dev.ingot.engine.text.jinja.TemplateException;
import dev.ingot.engine.text.jinja.TemplateRaisedException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Makes the prompt of a conversation, by the template that the model was trained with.
///
/// Messages, tools and arguments are JSON-like values (`Map`, `List`, `String`, numbers, booleans, null) in the shape of
/// OpenAI's API. What is in them stays text: see [ControlTokens].
///
/// Safe from any thread.
public final class ChatTemplate {
    /// What a client's `chat_template_kwargs` cannot replace, beside the special tokens.
    private static final Set<String> RESERVED =
            Set.of(
                    "messages",
                    "tools",
                    "add_generation_prompt",
                    "continue_final_message",
                    "raise_exception",
                    "strftime_now",
                    "namespace",
                    "range",
                    "dict",
                    "joiner",
                    "cycler",
                    "loop");

    private final Map<String, Template> templates;
    private final OutputFormat format;
    private final Map<String, String> specialTokens;
    private final ControlTokens controls;
    private final Clock clock;

    private ChatTemplate(
            ChatTemplateFiles files,
            Map<String, String> specialTokens,
            ControlTokens controls,
            Clock clock) {
        Map<String, Template> parsed = new HashMap<>();
        files.sources()
                .forEach((name, source) -> {
                    try {
                        parsed.put(name, Template.parse(source));
                    } catch (TemplateException e) {
                        throw new TokenizerException(
                                files.file()
                                        + ": the chat template cannot be parsed: "
                                        + e.getMessage(),
                                e);
                    }
                });
        this.templates = Map.copyOf(parsed);
        this.format = OutputFormat.of(files.sources().values());
        this.specialTokens = specialTokens;
        this.controls = controls;
        this.clock = clock;
    }

    /// The template of a model folder: `chat_template.jinja`, else `chat_template.json`, else the one in
    /// `tokenizer_config.json`. Empty for a model that has none.
    ///
    /// @param tokenizer of the same folder
    /// @param clock read by templates that write today's date
    /// @throws TokenizerException naming the file that is damaged
    public static Optional<ChatTemplate> find(Path folder, Tokenizer tokenizer, Clock clock) {
        return ChatTemplateFiles.find(folder)
                .map(files ->
                        new ChatTemplate(
                                files,
                                TokenizerConfig.specialTokens(folder),
                                tokenizer.controls(),
                                clock));
    }

    /// The template in a GGUF file. Empty for a model that has none.
    ///
    /// @param tokenizer of the same file
    /// @param clock read by templates that write today's date
    /// @throws TokenizerException naming the file that is damaged
    public static Optional<ChatTemplate> findGguf(Path file, Tokenizer tokenizer, Clock clock) {
        var sources = GgufVocabulary.templates(file);
        return sources.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new ChatTemplate(
                                new ChatTemplateFiles(file, sources),
                                GgufVocabulary.specialTokens(file),
                                tokenizer.controls(),
                                clock));
    }

    /// A template that is used in place of a model folder's own.
    ///
    /// @param source a file with nothing but the template
    /// @param tokenizer of the folder
    /// @param clock read by templates that write today's date
    /// @throws TokenizerException naming the file that is damaged
    public static ChatTemplate of(Path source, Path folder, Tokenizer tokenizer, Clock clock) {
        return new ChatTemplate(
                ChatTemplateFiles.of(source),
                TokenizerConfig.specialTokens(folder),
                tokenizer.controls(),
                clock);
    }

    /// The same for a GGUF file.
    public static ChatTemplate ofGguf(Path source, Path file, Tokenizer tokenizer, Clock clock) {
        return new ChatTemplate(
                ChatTemplateFiles.of(source),
                GgufVocabulary.specialTokens(file),
                tokenizer.controls(),
                clock);
    }

    /// As [#find], for a model that must have one.
    ///
    /// @throws TokenizerException also where there is none
    public static ChatTemplate load(Path folder, Tokenizer tokenizer, Clock clock) {
        return find(folder, tokenizer, clock)
                .orElseThrow(() ->
                        new TokenizerException(
                                folder
                                        + " has no chat template: neither chat_template.jinja nor"
                                        + " chat_template.json nor one in tokenizer_config.json"));
    }

    /// How the model writes what it thinks and calls, as far as the template tells.
    public OutputFormat format() {
        return format;
    }

    /// The prompt of a conversation.
    ///
    /// @param messages `role`, `content` and so on; a call's `arguments` may be JSON text, and become an object
    /// @param tools empty for none
    /// @param addGenerationPrompt whether the prompt opens the assistant's turn
    /// @param continueFinalMessage whether the last message stays open, for the model to go on with
    /// @param arguments further variables for the template, such as `enable_thinking` or `documents`
    /// @throws ChatTemplateException when the template refuses them
    public PromptText render(
            List<? extends Map<String, ?>> messages,
            List<? extends Map<String, ?>> tools,
            boolean addGenerationPrompt,
            boolean continueFinalMessage,
            Map<String, ?> arguments) {
        requireAllowed(arguments.keySet());
        if (addGenerationPrompt && continueFinalMessage) {
            throw new ChatTemplateException(
                    "add_generation_prompt and continue_final_message exclude one another");
        }
        var conversation = ChatMessages.normalized(messages);
        List<String> strings = new ArrayList<>();
        for (Object given : List.of(conversation, tools, arguments)) {
            ChatMessages.collectStrings(given, strings);
        }
        char mark = unusedMark(strings);
        strings.add(String.valueOf(mark));
        String openEnd = unusedMark(strings) + " ";

        Map<String, @Nullable Object> variables = new LinkedHashMap<>(specialTokens);
        variables.put("documents", null);
        arguments.forEach((name, value) -> variables.put(name, guarded(value, mark)));
        variables.put(
                "messages", messages(conversation, mark, continueFinalMessage ? openEnd : ""));
        variables.put("tools", tools.isEmpty() ? null : guarded(tools, mark));
        variables.put("add_generation_prompt", addGenerationPrompt);
        String rendered = render(template(!tools.isEmpty()), variables);
        return ControlTokens.unguard(
                continueFinalMessage ? cutAt(rendered, openEnd) : rendered, mark);
    }

    private String render(Template template, Map<String, @Nullable Object> variables) {
        try {
            return template.render(variables, clock);
        } catch (TemplateRaisedException e) {
            throw new ChatTemplateException(String.valueOf(e.getMessage()), e);
        } catch (TemplateException e) {
            throw new ChatTemplateException(
                    "The model's chat template cannot render this conversation: " + e.getMessage(),
                    e);
        }
    }

    private Template template(boolean withTools) {
        var forTools = templates.get("tool_use");
        if (withTools && forTools != null) {
            return forTools;
        }
        var usual = templates.get("default");
        if (usual == null) {
            throw new ChatTemplateException(
                    "The model has chat templates for "
                            + templates.keySet()
                            + " only, and none for a conversation without tools.");
        }
        return usual;
    }

    private void requireAllowed(Set<String> names) {
        for (String name : names) {
            if (RESERVED.contains(name) || name.endsWith("_token")) {
                throw new ChatTemplateException("chat_template_kwargs cannot set '" + name + "'");
            }
        }
    }

    private static char unusedMark(List<String> strings) {
        try {
            return ControlTokens.unusedMark(strings);
        } catch (IllegalArgumentException e) {
            throw new ChatTemplateException(String.valueOf(e.getMessage()), e);
        }
    }

    private List<Object> messages(
            List<Map<String, Object>> conversation, char mark, String openEnd) {
        List<Object> messages = new ArrayList<>();
        for (var message : conversation) {
            messages.add(guarded(message, mark));
        }
        if (openEnd.isEmpty()) {
            return messages;
        }
        if (conversation.isEmpty()
                || !(conversation.getLast().get("content") instanceof String content)) {
            throw new ChatTemplateException(
                    "continue_final_message needs a last message with text");
        }
        Map<String, Object> last = new LinkedHashMap<>(conversation.getLast());
        last.put("content", content + openEnd);
        messages.set(messages.size() - 1, guarded(last, mark));
        return messages;
    }

    /// As transformers does it: the last message ends in a tag, and the prompt ends before it. Where the template trimmed
    /// the tag's blank, it would have trimmed the message too.
    private static String cutAt(String rendered, String openEnd) {
        int at = rendered.lastIndexOf(openEnd.charAt(0));
        if (at < 0) {
            throw new ChatTemplateException(
                    "continue_final_message: the model's chat template does not write the last"
                            + " message");
        }
        String kept = rendered.substring(0, at);
        return rendered.startsWith(openEnd, at) ? kept : kept.stripTrailing();
    }

    /// A copy in which no string holds a control token.
    private @Nullable Object guarded(@Nullable Object value, char mark) {
        return switch (value) {
            case String text -> controls.guard(text, mark);
            case Map<?, ?> map -> {
                Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
                map.forEach((key, each) ->
                        copy.put(
                                key instanceof String name ? controls.guard(name, mark) : key,
                                guarded(each, mark)));
                yield copy;
            }
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>(list.size());
                list.forEach(each -> copy.add(guarded(each, mark)));
                yield copy;
            }
            case null, default -> value;
        };
    }
}
