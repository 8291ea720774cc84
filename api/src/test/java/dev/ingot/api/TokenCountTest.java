package dev.ingot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class TokenCountTest {
    @Test
    void smallLettersAreThousandsAndLargeOnes1024() {
        assertThat(new TokenCount().convert("4096")).isEqualTo(4096);
        assertThat(new TokenCount().convert("25.6k")).isEqualTo(25_600);
        assertThat(new TokenCount().convert("32K")).isEqualTo(32_768);
        assertThat(new TokenCount().convert("1m")).isEqualTo(1_000_000);
        assertThat(new TokenCount().convert("0.5M")).isEqualTo(524_288);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.5", "1.2345k", "3G", "k", "99999999999", "9000000m"})
    void whatIsNoNumberOfTokensIsRefused(String text) {
        assertThatThrownBy(() -> new TokenCount().convert(text))
                .isInstanceOf(TypeConversionException.class);
    }
}
