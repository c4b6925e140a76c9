package dev.outbox.idempotency.http;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.outbox.idempotency.http", importOptions = DoNotIncludeTests.class)
class HttpArchitectureTest {

  @ArchTest
  static final ArchRule theCoreKnowsNoFramework =
      noClasses()
          .that()
          .resideInAPackage("dev.outbox.idempotency.http")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.springframework..", "jakarta..", "io.micrometer..", "org.apache.kafka..");

  @ArchTest
  static final ArchRule keysAndTheInboxStandApart =
      noClasses().should().dependOnClassesThat().resideInAPackage("dev.outbox.idempotency.inbox..");
}
