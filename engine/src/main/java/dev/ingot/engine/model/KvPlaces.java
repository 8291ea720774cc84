package dev.ingot.engine.model;

import dev.ingot.engine.ops.KvGroups;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Where each layer's K and V are: in whose blocks, and as which of the layers there.
///
/// Layers with the same window make one or more groups of the same number of layers; what is left over in a last group
/// is lost memory, so the number that loses least is taken.
///
/// @param groups the first one has the layers that see furthest
/// @param layersPerBlock layers of a group
/// @param places for each layer
record KvPlaces(KvGroups groups, int layersPerBlock, List<Place> places) {
    /// A table for each group is filled in every step: so many are no burden.
    private static final int MOST_GROUPS = 8;

    /// @param group whose blocks
    /// @param layer the how-manieth of its layers
    record Place(int group, int layer) {}

    /// @param windows of each layer; 0 for none
    static KvPlaces of(List<Integer> windows) {
        // The furthest first: 0 sees everything.
        var kinds =
                windows.stream()
                        .distinct()
                        .sorted(Comparator.comparingInt(w -> w == 0 ? Integer.MIN_VALUE : -w))
                        .toList();
        var counts = kinds.stream().map(kind -> count(windows, kind)).toList();
        int perBlock = layersPerBlock(counts);
        var groupWindows = new ArrayList<Integer>();
        var places = new Place[windows.size()];
        for (int kind : kinds) {
            int placed = 0;
            for (int l = 0; l < places.length; l++) {
                if (windows.get(l) == kind) {
                    if (placed % perBlock == 0) {
                        groupWindows.add(kind);
                    }
                    places[l] = new Place(groupWindows.size() - 1, placed++ % perBlock);
                }
            }
        }
        return new KvPlaces(new KvGroups(groupWindows), perBlock, List.of(places));
    }

    private static int count(List<Integer> windows, int kind) {
        return (int) windows.stream().filter(w -> w == kind).count();
    }

    /// That which loses least; of several the largest.
    private static int layersPerBlock(List<Integer> counts) {
        int most = counts.stream().mapToInt(c -> c).min().orElseThrow();
        int best = most;
        for (int size = most; size >= 1; size--) {
            if (groups(counts, size) <= MOST_GROUPS
                    && size * groups(counts, size) < best * groups(counts, best)) {
                best = size;
            }
        }
        return best;
    }

    private static int groups(List<Integer> counts, int size) {
        return counts.stream().mapToInt(count -> Math.ceilDiv(count, size)).sum();
    }

    Place get(int layer) {
        return places.get(layer);
    }
}
