package dev.outbox.idempotency;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.outbox.idempotency", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule onlyTheSpringPackagesKnowSpring =
      noClasses()
          .that()
          .resideOutsideOfPackage("..spring..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework..", "dev.outbox.idempotency..spring..");

  @ArchTest
  static final ArchRule theSpringPackagesDoNotKnowKafkaBesideTheOneForIt =
      noClasses()
          .that()
          .resideInAPackage("..spring..")
          .and()
          .resideOutsideOfPackage("..inbox.spring.kafka..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.kafka..", "org.springframework.kafka..");

  @ArchTest
  static final ArchRule theInboxsMetricsAloneKnowMicrometer =
      noClasses()
          .that()
          .resideInAPackage("..inbox..")
          .and()
          .doNotHaveSimpleName("InboxMetrics")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.micrometer..");

  @ArchTest
  static final ArchRule theTracingPackageAloneKnowsOpenTelemetry =
      noClasses()
          .that()
          .resideOutsideOfPackage("..inbox.tracing..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.opentelemetry..", "..inbox.tracing..");

  @ArchTest
  static final ArchRule theLibraryStandsOnItsOwn =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.outbox.writer..", "dev.outbox.relay..", "dev.outbox.local..");
}
