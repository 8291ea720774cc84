package dev.ingot.api.openai.wire;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/// The answer of `/v1/models`.
public record ModelList(String object, List<Model> data) {
    /// One name that is served.
    ///
    /// @param root the first name of the same model
    /// @param maxModelLength prompt and output tokens together
    public record Model(
            String id,
            String object,
            long created,
            @JsonProperty("owned_by") String ownedBy,
            String root,
            @JsonProperty("max_model_len") int maxModelLength) {
        public static Model of(String id, long created, String root, int maxModelLength) {
            return new Model(id, "model", created, "ingot", root, maxModelLength);
        }
    }

    public static ModelList of(List<Model> models) {
        return new ModelList("list", models);
    }
}
