package dev.ingot.it.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// `ingot serve` as a process.
final class NodeProcess implements AutoCloseable {
    private static final Duration START = Duration.ofMinutes(3);
    private static final List<String> JVM =
            List.of(
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-Xms32m",
                    "-Xmx256m");

    /// As the launcher starts a server.
    private static final List<String> LAUNCHED =
            Stream.of(
                            Stream.of(
                                    "--enable-native-access=ALL-UNNAMED",
                                    "--sun-misc-unsafe-memory-access=allow"),
                            Runtime.getRuntime().availableProcessors() < 8
                                    ? Stream.of("-XX:+UseSerialGC")
                                    : Stream.of("-XX:+UseParallelGC", "-XX:ParallelGCThreads=4"),
                            Stream.of(
                                    "-Xms320m",
                                    "-Xmn256m",
                                    "-Xmx1g",
                                    "-XX:+ExitOnOutOfMemoryError",
                                    "-Djava.awt.headless=true"))
                    .flatMap(flags -> flags)
                    .toList();

    private static final String INGOT = "dev.ingot.api.Main";
    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

    /// Where the launcher keeps what it has built.
    private static final Path BUILT = HOME.resolve("target/ingot");

    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    private static final long PID = ProcessHandle.current().pid();
    private static final AtomicInteger STARTED = new AtomicInteger();

    private final Process process;
    private final Path log;

    private NodeProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /// @param properties further flags for the JVM
    static NodeProcess start(String name, List<String> properties, List<String> arguments) {
        var serve = new ArrayList<>(List.of("serve"));
        serve.addAll(arguments);
        return ingot(name, properties, serve);
    }

    /// `ingot` with these arguments, run to its end.
    ///
    /// @return what it printed
    static String run(String... arguments) {
        try (var process = command(arguments)) {
            process.awaitSuccess();
            return process.log();
        }
    }

    /// `ingot` with these arguments, which ends by itself.
    static NodeProcess command(String... arguments) {
        return ingot("command", List.of(), List.of(arguments));
    }

    /// @throws IllegalStateException if it ends with another status than 0
    void awaitSuccess() {
        awaitEnd();
        if (process.exitValue() != 0) {
            throw new IllegalStateException(log());
        }
    }

    private static NodeProcess ingot(String name, List<String> properties, List<String> arguments) {
        return java(name, JVM, properties, INGOT, arguments, CLASS_PATH);
    }

    /// `ingot serve` to be measured, as the launcher starts it: what it has built, with the heap, the compilers and the AOT cache
    /// that it gives a server.
    static NodeProcess launched(String name, List<String> arguments) {
        var serve = new ArrayList<>(List.of("serve"));
        serve.addAll(arguments);
        return java(name, LAUNCHED, asLaunched(), INGOT, serve, built());
    }

    /// A program of the tests, run as [#launched].
    static NodeProcess launchedMain(String name, Class<?> main, String... arguments) {
        // Behind what the cache was made with, or it is not used.
        return java(
                name,
                LAUNCHED,
                asLaunched(),
                main.getName(),
                List.of(arguments),
                built() + File.pathSeparator + CLASS_PATH);
    }

    /// The launcher's class path.
    private static String built() {
        try (var jars = Files.list(BUILT.resolve("lib"))) {
            return jars.map(Path::toString)
                    .filter(jar -> jar.endsWith(".jar"))
                    .sorted()
                    .collect(Collectors.joining(File.pathSeparator));
        } catch (IOException e) {
            throw new UncheckedIOException("nothing to be measured: run `./ingot build`", e);
        }
    }

    /// Its cache, and the flags that a user gives it.
    private static List<String> asLaunched() {
        var flags = new ArrayList<>(List.of("-XX:AOTCache=" + BUILT.resolve("ingot.aot")));
        var asked = System.getenv().getOrDefault("INGOT_JAVA_OPTS", "").strip();
        if (!asked.isEmpty()) {
            flags.addAll(List.of(asked.split("\\s+")));
        }
        return flags;
    }

    private static NodeProcess java(
            String name,
            List<String> jvm,
            List<String> properties,
            String main,
            List<String> arguments,
            String classPath) {
        try {
            // Of this process, so that several may run in one folder.
            var folder =
                    Files.createDirectories(Path.of("target", "cluster-logs", Long.toString(PID)));
            var log = folder.resolve(name + "-" + STARTED.incrementAndGet() + ".log");
            var command = new ArrayList<String>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(jvm);
            command.addAll(properties);
            command.add("-Dingot.home=" + HOME);
            command.add("-cp");
            command.add(classPath);
            command.add(main);
            command.addAll(arguments);
            var builder =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile());
            return new NodeProcess(builder.start(), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The first group of the last match in its log: a node that began anew says it again.
    String lastInLog(String pattern) {
        var all = Pattern.compile(pattern).matcher(log()).results().toList();
        return all.getLast().group(1);
    }

    /// The first group of the first match in its log, as soon as there is one.
    String awaitLog(String pattern) {
        var compiled = Pattern.compile(pattern);
        var found = new String[1];
        Awaitility.await()
                .atMost(START)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    boolean alive = process.isAlive(); // Asked first: what it said last is read.
                    var matcher = compiled.matcher(log());
                    if (matcher.find()) {
                        found[0] = matcher.groupCount() == 0 ? matcher.group() : matcher.group(1);
                        return true;
                    }
                    if (!alive) {
                        throw new IllegalStateException("it ended:\n" + log());
                    }
                    return false;
                });
        return found[0];
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// What its threads have computed so far.
    Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /// As a crash: nothing of it runs any more when this returns.
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /// As an operator: it drains.
    void terminate() {
        process.destroy();
    }

    void awaitEnd() {
        try {
            if (!process.waitFor(2, TimeUnit.MINUTES)) {
                throw new IllegalStateException("it does not end:\n" + log());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    void pause() {
        signal("STOP");
    }

    void resume() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            int status =
                    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                            .start()
                            .waitFor();
            if (status != 0) {
                throw new IllegalStateException("no signal " + name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }
}
