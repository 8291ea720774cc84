package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.Chat;
import dev.ingot.api.openai.wire.Text;
import dev.ingot.engine.sampling.TopLogprobs;
import dev.ingot.engine.sequence.Tokens;
import dev.ingot.engine.text.Tokenizer;
import dev.ingot.scheduler.Engine.TokenLogprob;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes log probabilities in OpenAI's two shapes.
///
/// @param asIds whether tokens are named `token_id:17` instead of by their text, which need not be unique
record TokenNames(Tokenizer tokenizer, boolean asIds) {
    /// JSON has no minus infinity; this is what vLLM writes for it.
    private static final float LOWEST = -9999;

    String name(int token) {
        return asIds ? "token_id:" + token : tokenizer.tokenText(token);
    }

    /// The shape of `/v1/chat/completions`.
    Chat.Logprobs chat(Tokens tokens, List<TokenLogprob> logprobs) {
        var content = new ArrayList<Chat.TokenLogprob>(tokens.size());
        for (int i = 0; i < tokens.size(); i++) {
            var each = logprobs.get(i);
            content.add(
                    new Chat.TokenLogprob(
                            name(tokens.get(i)),
                            finite(each.logprob()),
                            bytes(tokens.get(i)),
                            alternatives(each.top())));
        }
        return new Chat.Logprobs(content, null);
    }

    /// The shape of `/v1/completions`.
    ///
    /// @param textOffset where the first of these tokens begins in the text
    /// @param alternatives whether likeliest alternatives were asked for
    Text.Logprobs text(
            Tokens tokens, List<TokenLogprob> logprobs, int textOffset, boolean alternatives) {
        var names = new ArrayList<String>();
        var chosen = new ArrayList<Float>();
        var top = new ArrayList<Map<String, Float>>();
        var offsets = new ArrayList<Integer>();
        int offset = textOffset;
        for (int i = 0; i < tokens.size(); i++) {
            int token = tokens.get(i);
            float logprob = finite(logprobs.get(i).logprob());
            names.add(name(token));
            chosen.add(logprob);
            offsets.add(offset);
            top.add(topByName(token, logprob, logprobs.get(i).top()));
            offset += tokenizer.tokenText(token).length();
        }
        return new Text.Logprobs(names, chosen, alternatives ? top : null, offsets);
    }

    /// The length of the tokens' text, by which the next offset grows.
    int textLength(Tokens tokens) {
        int length = 0;
        for (int i = 0; i < tokens.size(); i++) {
            length += tokenizer.tokenText(tokens.get(i)).length();
        }
        return length;
    }

    /// The chosen token is among them, as OpenAI has it, even where it is not one of the likeliest.
    private Map<String, Float> topByName(int token, float logprob, @Nullable TopLogprobs top) {
        var byName = new LinkedHashMap<String, Float>();
        for (int i = 0; top != null && i < top.size(); i++) {
            byName.putIfAbsent(name(top.token(i)), finite(top.logprob(i)));
        }
        byName.putIfAbsent(name(token), logprob);
        return byName;
    }

    private List<Chat.Alternative> alternatives(@Nullable TopLogprobs top) {
        if (top == null) {
            return List.of();
        }
        var list = new ArrayList<Chat.Alternative>(top.size());
        for (int i = 0; i < top.size(); i++) {
            list.add(
                    new Chat.Alternative(
                            name(top.token(i)), finite(top.logprob(i)), bytes(top.token(i))));
        }
        return list;
    }

    private List<Integer> bytes(int token) {
        byte[] bytes =
                asIds ? name(token).getBytes(StandardCharsets.UTF_8) : tokenizer.tokenBytes(token);
        var list = new ArrayList<Integer>(bytes.length);
        for (byte each : bytes) {
            list.add(each & 0xFF);
        }
        return list;
    }

    private static float finite(float logprob) {
        return Math.max(logprob, LOWEST);
    }
}
