package dev.outbox.writer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.outbox.writer");

  @Test
  void theLibraryWorksWithoutSpring() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.outbox.writer.spring..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework..", "dev.outbox.writer.spring..")
        .check(classes);
  }

  @Test
  void whatIsOptionalIsKnownToItsPackageAndToSpringsConfigurationAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.outbox.writer.json", "dev.outbox.writer.spring")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("tools.jackson..", "dev.outbox.writer.json")
        .check(classes);
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.outbox.writer.tracing", "dev.outbox.writer.spring")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.opentelemetry..", "io.micrometer..", "dev.outbox.writer.tracing")
        .check(classes);
  }

  @Test
  void theTestSupportNeedsNoTestFramework() {
    noClasses()
        .that()
        .resideInAPackage("dev.outbox.writer.test")
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages("java..", "org.jspecify..", "dev.outbox.writer..")
        .check(classes);
  }

  @Test
  void theLibraryWorksWithoutFlywayForThoseWhoMigrateByHand() {
    noClasses()
        .that()
        .doNotHaveSimpleName("FlywayMigration")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.flywaydb..")
        .check(classes);
  }

  @Test
  void theLibraryDoesNotDependOnTheDriversOwnClasses() {
    noClasses().should().dependOnClassesThat().resideInAPackage("org.postgresql..").check(classes);
  }
}
