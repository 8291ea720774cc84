package dev.ingot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ingot.engine.model.KvPlaces.Place;
import dev.ingot.engine.ops.KvGroups;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KvPlacesTest {
    /// Every `every`-th layer sees everything, as in Gemma 3.
    private static List<Integer> windows(int layers, int every) {
        return IntStream.rangeClosed(1, layers).mapToObj(l -> l % every == 0 ? 0 : 512).toList();
    }

    @Test
    void layersOfOneKindShareTheirBlocks() {
        var places = KvPlaces.of(List.of(0, 0, 0));
        assertThat(places.groups()).isEqualTo(KvGroups.ONE);
        assertThat(places.layersPerBlock()).isEqualTo(3);
        assertThat(places.get(2)).isEqualTo(new Place(0, 2));
        assertThat(KvPlaces.of(List.of(8, 8)).groups()).isEqualTo(KvGroups.of(8));
    }

    @Test
    void everySecondLayerInAWindowIsAGroupOfItsOwn() {
        var places = KvPlaces.of(List.of(128, 0, 128, 0));
        assertThat(places.groups().windows()).containsExactly(0, 128);
        assertThat(places.layersPerBlock()).isEqualTo(2);
        assertThat(places.places())
                .containsExactly(
                        new Place(1, 0), new Place(0, 0), new Place(1, 1), new Place(0, 1));
    }

    /// Gemma 3 of 1, 4, 12 and 27 billion parameters.
    @ParameterizedTest
    @CsvSource({"26, 7, 4", "34, 7, 5", "48, 6, 8", "62, 7, 10"})
    void fewLayersAreLostWhereKindsAreUneven(int layers, int groups, int layersPerBlock) {
        var places = KvPlaces.of(windows(layers, 6));
        assertThat(places.layersPerBlock()).isEqualTo(layersPerBlock);
        assertThat(places.groups().count()).isEqualTo(groups);
        assertThat(places.groups().windows().getFirst()).isZero();
        assertThat(places.groups().count() * places.layersPerBlock() - layers)
                .isLessThanOrEqualTo(layers / 6);
        assertThat(new HashSet<>(places.places())).hasSize(layers);
        for (int l = 0; l < layers; l++) {
            int window = places.groups().windows().get(places.get(l).group());
            assertThat(window).isEqualTo(windows(layers, 6).get(l));
            assertThat(places.get(l).layer()).isLessThan(places.layersPerBlock());
        }
    }
}
