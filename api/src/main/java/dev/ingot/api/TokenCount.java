package dev.ingot.api;

import java.math.BigDecimal;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A number of tokens as vLLM's command line takes it: `4096`, `25.6k` (thousands), `32K` (1024 each), `1m`, `1M`.
final class TokenCount implements ITypeConverter<Integer> {
    private static final Pattern COUNT = Pattern.compile("(\\d+)|(\\d+(?:\\.\\d+)?)([kKmM])");

    @Override
    public Integer convert(String text) {
        var count = COUNT.matcher(text.strip());
        try {
            if (count.matches() && count.group(1) != null) {
                return Integer.parseInt(count.group(1));
            }
            if (count.matches()) {
                int unit =
                        switch (count.group(3)) {
                            case "k" -> 1000;
                            case "K" -> 1 << 10;
                            case "m" -> 1_000_000;
                            default -> 1 << 20;
                        };
                return new BigDecimal(count.group(2))
                        .multiply(BigDecimal.valueOf(unit))
                        .intValueExact();
            }
        } catch (ArithmeticException | NumberFormatException e) {
            throw new TypeConversionException(
                    "'" + text + "' is no whole number of tokens below 2147483648");
        }
        throw new TypeConversionException("expected a number such as 4096, 25.6k or 32K");
    }
}
