package dev.ingot.api;

import java.util.List;
import java.util.OptionalLong;

/// What `ingot serve --role router` was asked for, checked.
///
/// @param models whose requests are taken; a request that names none is for the first
/// @param adminHost where the admin API listens
/// @param roundRobin only to compare with: whether engines are named one after the other
/// @param seed of the seeds that are drawn for requests without one; empty for random ones
/// @param chat how the models are spoken with
record RouterSettings(
        String host,
        int port,
        List<FoundModel> models,
        String adminHost,
        int adminPort,
        boolean roundRobin,
        OptionalLong seed,
        ChatSettings chat) {
    RouterSettings {
        models = List.copyOf(models);
    }
}
