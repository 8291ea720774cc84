package dev.ingot.api.openai;

import dev.ingot.api.openai.wire.ApiError;
import dev.ingot.api.openai.wire.ApiException;
import dev.ingot.scheduler.Requests.Refused;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The models behind this server: one for each name.
final class ServedModels {
    private final List<Entry> entries;

    /// A model and what makes requests for it.
    record Entry(Serving serving, RequestMapper mapper) {
        ServedModel model() {
            return serving.model();
        }
    }

    /// @param random see [RequestMapper]
    ServedModels(List<Serving> all, RandomGenerator random) {
        if (all.isEmpty()) {
            throw new IllegalArgumentException("no model");
        }
        entries =
                all.stream()
                        .map(each -> new Entry(each, new RequestMapper(each.model(), random)))
                        .toList();
    }

    List<Entry> all() {
        return entries;
    }

    /// Why a request is refused whichever model it is for; empty where one of them has a place.
    Optional<Refused> turnAway() {
        Optional<Refused> refused = Optional.empty();
        for (var each : entries) {
            refused = each.serving().turnAway().get();
            if (refused.isEmpty()) {
                break;
            }
        }
        return refused;
    }

    /// The one that a client means; without a name the first.
    ///
    /// @throws ApiException 404 where none has such a name
    Entry named(@Nullable String asked) {
        if (asked == null) {
            return entries.getFirst();
        }
        return entries.stream()
                .filter(each -> each.model().names().contains(asked))
                .findFirst()
                .orElseThrow(() -> new ApiException(ApiError.modelNotFound(asked)));
    }
}
