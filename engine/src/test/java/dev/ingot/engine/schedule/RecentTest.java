package dev.ingot.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class RecentTest {
    private final Recent recent = new Recent(3);

    @Test
    void keepsTheLastOnesOnly() {
        for (double value : new double[] {100, 5, 1, 3}) {
            recent.add(value);
        }
        assertThat(recent.size()).isEqualTo(3);
        assertThat(recent.median()).isEqualTo(3);
        assertThat(recent.atOrAbove(1)).isEqualTo(5);
        assertThat(recent.atOrAbove(3)).isEqualTo(1);
    }

    @Test
    void takesTheLesserOfTwoInTheMiddle() {
        recent.add(7);
        assertThat(recent.median()).isEqualTo(7);
        recent.add(4);
        assertThat(recent.median()).isEqualTo(4);
    }

    @Test
    void hasNothingToSayOfWhatIsNotThere() {
        recent.add(7);
        recent.clear();
        assertThatIllegalArgumentException().isThrownBy(recent::median);
        recent.add(7);
        assertThatIllegalArgumentException().isThrownBy(() -> recent.atOrAbove(2));
        assertThatIllegalArgumentException().isThrownBy(() -> recent.atOrAbove(0));
    }
}
