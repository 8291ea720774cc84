package dev.ingot.it.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import com.typesafe.config.ConfigFactory;
import dev.ingot.api.builtin.BuiltInModel;
import dev.ingot.engine.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.DeadLetter;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.LocalActorRef;
import org.slf4j.LoggerFactory;
import scala.runtime.BoxedUnit;

/// One actor system for any number of seeds, one after the other.
final class SimSystem implements AutoCloseable {
    private static final String CONFIG =
            """
                  pekko {
                    loggers = []
                    stdout-loglevel = OFF
                    loglevel = OFF
                    log-dead-letters = off
                    logger-startup-timeout = 120s
                    jvm-shutdown-hooks = off
                    scheduler.implementation = "dev.ingot.it.sim.SimTime"
                    actor.default-dispatcher = ${sim}
                    actor.internal-dispatcher = ${sim}
            actor.typed.default-mailbox.mailbox-type = "dev.ingot.it.sim.SimMailbox"
                  }
                  ingot.request-dispatcher = ${sim}
                  ingot.scheduler-dispatcher = ${sim}
                  ingot.worker-dispatcher = ${sim}
                  sim {
                    type = Dispatcher
                    throughput = 1
                    # A timer of it would be lost between two seeds, and only the first would know it.
                    shutdown-timeout = 1000d
                    executor = "dev.ingot.it.sim.SimExecutor$Configurator"
                  }
            """;

    private final ActorSystem system;
    private final Tokenizer tokenizer;
    private final Failures failures = new Failures();
    private final Logger root;

    /// What actors threw, as their parents log it.
    private static final class Failures extends AppenderBase<ILoggingEvent> {
        private final List<Throwable> thrown = new ArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            if (event.getThrowableProxy() instanceof ThrowableProxy proxy) {
                thrown.add(proxy.getThrowable());
            }
        }
    }

    private SimSystem(ActorSystem system, Tokenizer tokenizer) {
        this.system = system;
        this.tokenizer = tokenizer;
        this.root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.setLevel(Level.ERROR);
        failures.start();
        root.addAppender(failures);
    }

    static SimSystem start() {
        var config = ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load()).resolve();
        var system = ActorSystem.create("sim", config, SimSystem.class.getClassLoader());
        hearWhatIsLost(system);
        SimExecutor.Configurator.EXECUTOR.takeControl();
        return new SimSystem(system, Tokenizer.load(modelFolder()));
    }

    private static Path modelFolder() {
        var here = BuiltInModel.folder();
        return Files.isDirectory(here) ? here : Path.of("..").resolve(here);
    }

    /// What is said to an actor that has ended goes nowhere, but is heard at once.
    private static void hearWhatIsLost(ActorSystem system) {
        var guardian = (LocalActorRef) ((ExtendedActorSystem) system).guardian();
        var ear =
                guardian.underlying()
                        .addFunctionRef(
                                (_, message) -> {
                                    if (message instanceof DeadLetter lost) {
                                        SimExecutor.Configurator.EXECUTOR.told(lost.message());
                                    }
                                    return BoxedUnit.UNIT;
                                },
                                "ear");
        system.eventStream().subscribe(ear, DeadLetter.class);
    }

    ActorSystem actors() {
        return system;
    }

    SimExecutor executor() {
        return SimExecutor.Configurator.EXECUTOR;
    }

    SimTime time() {
        return SimTime.last();
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    /// What was thrown since the last call.
    List<Throwable> thrown() {
        if (failures.thrown.isEmpty()) {
            return List.of();
        }
        var copy = List.copyOf(failures.thrown);
        failures.thrown.clear();
        return copy;
    }

    @Override
    public void close() {
        executor().letGo();
        system.terminate();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (!system.whenTerminated().isCompleted() && System.nanoTime() < deadline) {
                time().advance();
                Thread.sleep(1);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        root.detachAppender(failures);
        tokenizer.close();
    }
}
