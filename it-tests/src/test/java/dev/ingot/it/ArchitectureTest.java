package dev.ingot.it;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.time.Instant;
import java.util.Random;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/// The boundaries between the modules, and the habits that hold everywhere.
@AnalyzeClasses(
        packages = "dev.ingot",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJars.class})
final class ArchitectureTest {
    /// Other modules' tests, which some of these borrow from.
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule engineKnowsNobody =
            noClasses()
                    .that()
                    .resideInAPackage("dev.ingot.engine..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.ingot.kernels..",
                            "dev.ingot.worker..",
                            "dev.ingot.scheduler..",
                            "dev.ingot.api..",
                            "org.apache.pekko..")
                    .because("the thinking is tested without an actor system and without a device");

    @ArchTest
    static final ArchRule kernelsKnowOnlyTheEngine =
            noClasses()
                    .that()
                    .resideInAPackage("dev.ingot.kernels..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.ingot.worker..",
                            "dev.ingot.scheduler..",
                            "dev.ingot.api..",
                            "org.apache.pekko..")
                    .because("a device is driven by whoever holds it");

    @ArchTest
    static final ArchRule theWorkerKnowsNoScheduler =
            noClasses()
                    .that()
                    .resideInAPackage("dev.ingot.worker..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.ingot.scheduler..", "dev.ingot.api..")
                    .because("the called side owns the protocol");

    @ArchTest
    static final ArchRule theSchedulerKnowsNoHttp =
            noClasses()
                    .that()
                    .resideInAPackage("dev.ingot.scheduler..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "dev.ingot.api..", "dev.ingot.kernels..", "org.apache.pekko.http..")
                    .because("the same conversation is spoken between nodes");

    @ArchTest
    static final ArchRule onlyKernelsCallNativeCode =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("dev.ingot.kernels..")
                    .should()
                    .dependOnClassesThat()
                    .areAssignableTo(Linker.class)
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(SymbolLookup.class)
                    .because("there is one door to native code");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("dev.ingot.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule onlyActorsUseAnActorContext =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("dev.ingot.api..")
                    .and()
                    .haveSimpleNameNotEndingWith("Actor")
                    .and()
                    .haveSimpleNameNotEndingWith("Guardian")
                    .should()
                    .dependOnClassesThat()
                    .areAssignableTo(ActorContext.class)
                    .because("an actor is a mailbox around plain classes that do the thinking");

    @ArchTest
    static final ArchRule actorsAreFinal =
            classes()
                    .that()
                    .haveSimpleNameEndingWith("Actor")
                    .should()
                    .haveModifier(JavaModifier.FINAL)
                    .because("an actor is its phases, not a hierarchy");

    @ArchTest
    static final ArchRule nobodyAsksInsideTheEngine =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("dev.ingot.api..")
                    .should()
                    .dependOnClassesThat()
                    .areAssignableTo(AskPattern.class)
                    .because("an ask hides a wait; tell, and adapt the reply");

    @ArchTest
    static final ArchRule timeAndChanceArePassedIn =
            noClasses()
                    .that()
                    .resideOutsideOfPackages("dev.ingot.api..", "dev.ingot.kernels..")
                    .should()
                    .callMethod(System.class, "nanoTime")
                    .orShould()
                    .callMethod(System.class, "currentTimeMillis")
                    .orShould()
                    .callMethod(Instant.class, "now")
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class)
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(Random.class)
                    .because("what depends on a clock or on chance cannot be simulated");

    @ArchTest
    static final ArchRule nobodyPrints =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("dev.ingot.api")
                    .should()
                    .accessField(System.class, "out")
                    .orShould()
                    .accessField(System.class, "err")
                    .because("the command line prints; everybody else logs");
}
