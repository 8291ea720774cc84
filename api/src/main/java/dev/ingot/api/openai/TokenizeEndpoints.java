package dev.ingot.api.openai;

import dev.ingot.api.http.Bodies;
import dev.ingot.api.http.Call;
import dev.ingot.api.http.Responses;
import dev.ingot.api.openai.wire.DetokenizeRequest;
import dev.ingot.api.openai.wire.TokenizeRequest;
import dev.ingot.api.openai.wire.Tokenized;
import dev.ingot.engine.sequence.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/// vLLM's `/tokenize` and `/detokenize`: what a prompt costs, without running it.
final class TokenizeEndpoints {
    private final ServedModels models;
    private final Bodies bodies;

    TokenizeEndpoints(ServedModels models, Bodies bodies) {
        this.models = models;
        this.bodies = bodies;
    }

    CompletionStage<HttpResponse> tokenize(Call call) {
        return bodies.read(call.request(), body -> tokenize(TokenizeRequest.read(body)));
    }

    CompletionStage<HttpResponse> detokenize(Call call) {
        return bodies.read(call.request(), body -> detokenize(DetokenizeRequest.read(body)));
    }

    private HttpResponse tokenize(TokenizeRequest request) {
        var entry = models.named(request.model());
        var tokens = entry.mapper().tokens(request);
        return Responses.json(
                new Tokenized(
                        tokens.size(),
                        entry.model().maxModelLength(),
                        tokens,
                        request.returnTokenStrings() ? texts(entry.model(), tokens) : null));
    }

    private static List<String> texts(ServedModel model, Tokens tokens) {
        var texts = new ArrayList<String>(tokens.size());
        for (int i = 0; i < tokens.size(); i++) {
            texts.add(model.tokenizer().tokenText(tokens.get(i)));
        }
        return texts;
    }

    private HttpResponse detokenize(DetokenizeRequest request) {
        var entry = models.named(request.model());
        entry.mapper().checkTokens(request.tokens(), "tokens");
        return Responses.json(
                new Tokenized.Back(entry.model().tokenizer().decode(request.tokens(), false)));
    }
}
