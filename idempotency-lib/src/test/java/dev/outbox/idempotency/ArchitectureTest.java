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
  static final ArchRule theSpringPackageDoesNotKnowKafka =
      noClasses()
          .that()
          .resideInAPackage("..spring..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.kafka..");

  @ArchTest
  static final ArchRule theLibraryStandsOnItsOwn =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.outbox.writer..", "dev.outbox.relay..", "dev.outbox.local..");
}
