package dev.ingot.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// FAULTS.md names tests that are there.
final class FaultTableTest {
    private static final Pattern NAME = Pattern.compile("`(\\w+Test)\\.(\\w+)`");

    @Test
    void everyTestThatIsNamedThereIsThere() throws IOException {
        var sources = new HashMap<String, String>();
        try (var files = Files.walk(Path.of(".."), 20)) {
            for (var file :
                    files.filter(path -> path.toString().contains("src/test/java"))
                            .filter(path -> path.toString().endsWith("Test.java"))
                            .toList()) {
                sources.put(
                        file.getFileName().toString().replace(".java", ""), Files.readString(file));
            }
        }
        var table = Files.readString(Path.of("FAULTS.md"));
        var names = NAME.matcher(table);
        int count = 0;
        while (names.find()) {
            count++;
            assertThat(sources).as(names.group()).containsKey(names.group(1));
            assertThat(sources.get(names.group(1))).contains(" void " + names.group(2) + "(");
        }
        assertThat(count).isGreaterThan(54);
    }
}
