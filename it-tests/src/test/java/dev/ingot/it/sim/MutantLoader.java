package dev.ingot.it.sim;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// The classes of the engine's actors once more, with one of them compiled from a source with a bug in it.
final class MutantLoader extends ClassLoader {
    /// What is loaded again: everything that may be mutated, and all that knows it.
    private static final List<String> AGAIN =
            List.of(
                    "dev.ingot.engine.kv.",
                    "dev.ingot.engine.schedule.",
                    "dev.ingot.worker.",
                    "dev.ingot.scheduler.",
                    "dev.ingot.it.sim.");

    private final Map<String, byte[]> mutated;

    private MutantLoader(Map<String, byte[]> mutated) {
        super("mutant", MutantLoader.class.getClassLoader());
        this.mutated = mutated;
        setDefaultAssertionStatus(true);
    }

    private static MutantLoader of(Mutant mutant) throws IOException {
        var root = Files.isDirectory(Path.of("engine")) ? Path.of("") : Path.of("..");
        var file = root.resolve(mutant.file());
        return new MutantLoader(compile(file, mutant.plantedIn(Files.readString(file))));
    }

    /// The first of `most` seeds that finds the bug, or 0.
    static int seedThatFinds(Mutant mutant, int first, int most) throws Exception {
        var run = of(mutant).loadClass(MutantRun.class.getName());
        return (int) run.getMethod("seedThatFinds", int.class, int.class).invoke(null, first, most);
    }

    private static Map<String, byte[]> compile(Path file, String source) {
        var compiler = ToolProvider.getSystemJavaCompiler();
        var messages = new StringWriter();
        var classes = new Memory(compiler.getStandardFileManager(null, null, null));
        var classPath =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path", ""));
        var options = List.of("-proc:none", "-nowarn", "-cp", classPath);
        var unit = new Source(file.toUri(), source);
        if (!compiler.getTask(messages, classes, null, options, null, List.of(unit)).call()) {
            throw new IllegalStateException(file + " does not compile: " + messages);
        }
        var compiled = new HashMap<String, byte[]>();
        classes.written.forEach((name, bytes) -> compiled.put(name, bytes.toByteArray()));
        return compiled;
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(URI uri, String text) {
            super(uri, Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class Memory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        Memory(StandardJavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                JavaFileManager.Location location,
                String className,
                JavaFileObject.Kind kind,
                FileObject sibling) {
            var bytes = new ByteArrayOutputStream();
            written.put(className, bytes);
            return new SimpleJavaFileObject(URI.create("mem:///" + className), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (AGAIN.stream().noneMatch(name::startsWith)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            var known = findLoadedClass(name);
            return known != null ? known : findClass(name);
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte[] bytes = mutated.get(name);
        if (bytes == null) {
            var resource = name.replace('.', '/') + ".class";
            try (var in = getParent().getResourceAsStream(resource)) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                bytes = in.readAllBytes();
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
        return defineClass(name, bytes, 0, bytes.length);
    }
}
