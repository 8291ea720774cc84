package dev.ingot.kernels.softmetal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// A broken rule ends the process, unless a test asks for less: a Mac does so, too. In processes of their own, therefore, and
/// what a process says when it ends.
class AbortTest {
    private static final int ABORTED = 128 + 6; // SIGABRT

    /// Breaks one rule, named by its argument.
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            var metal = new SoftMetal();
            metal.set("VALIDATION", "abort");
            switch (arguments[0]) {
                case "rule" ->
                        metal.messages.send(metal.device, "newBufferWithLength:options:", 0L, 0L);
                case "selector" -> metal.messages.send(metal.device, "newTeapot");
                case "released" -> {
                    MemorySegment buffer = metal.buffer(16);
                    metal.release(buffer);
                    metal.messages.sendLong(buffer, "length");
                }
                case "leak" -> {
                    metal.buffer(16);
                    metal.release(metal.queue);
                }
                case "nothing" -> metal.release(metal.queue);
                default -> throw new IllegalArgumentException(arguments[0]);
            }
            System.exit(0);
        }
    }

    private static void aborts(String what, String message)
            throws IOException, InterruptedException {
        ends(ABORTED, what, message);
    }

    private static void ends(int status, String what, String message)
            throws IOException, InterruptedException {
        SoftMetalLibrary.require();
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:-CreateCoredumpOnCrash",
                                "-XX:ErrorFile=/dev/null",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                what)
                        .redirectErrorStream(true)
                        .start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(status, child.waitFor(), said);
        assertTrue(said.contains(message), said);
    }

    @Test
    void aBrokenRule() throws Exception {
        aborts("rule", "softmetal: violation: newBufferWithLength:options:: length 0");
    }

    @Test
    void anUnknownSelector() throws Exception {
        aborts("selector", "newTeapot");
    }

    @Test
    void whatIsLeftOverIsSaidAtTheEnd() throws Exception {
        ends(0, "nothing", "softmetal: at exit: 0 objects left over, 0 rules broken");
        ends(
                0,
                "leak",
                "at exit: 1 objects left over, 0 rules broken, 0 kernel faults\nMTLBuffer 1");
    }

    @Test
    void aMessageToAnObjectThatIsGone() throws Exception {
        aborts("released", "MTLBuffer");
    }
}
