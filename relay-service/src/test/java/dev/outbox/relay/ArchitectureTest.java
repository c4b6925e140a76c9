package dev.outbox.relay;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The layering of the relay; docs/decisions/ and CONTRIBUTING.md tell why. */
@AnalyzeClasses(packages = "dev.outbox.relay", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String RELAY = "dev.outbox.relay.";

  @ArchTest
  static final ArchRule onlyItsEngineKnowsDebezium =
      noClasses()
          .that()
          .resideOutsideOfPackage(RELAY + "source.debezium..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.debezium..", "org.apache.kafka.connect..");

  @ArchTest
  static final ArchRule onlyItsEngineKnowsTheReplicationStream =
      noClasses()
          .that()
          .resideOutsideOfPackage(RELAY + "source.pgoutput..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.postgresql.replication..");

  @ArchTest
  static final ArchRule onlyPublishingAndReadingKnowKafkaClients =
      noClasses()
          .that()
          .resideOutsideOfPackages(RELAY + "publishing..", RELAY + "topics..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.kafka.clients..");

  @ArchTest
  static final ArchRule whoReadsTopicsDoesNotWriteThem =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "topics..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.kafka.clients.producer..");

  @ArchTest
  static final ArchRule theEventIsALeaf =
      classes()
          .that()
          .resideInAPackage(RELAY + "event..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.jspecify..", RELAY + "event..");

  @ArchTest
  static final ArchRule positionsKnowNoOtherStage =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "position..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              RELAY + "source..", RELAY + "routing..", RELAY + "publishing..", RELAY + "slot..");

  @ArchTest
  static final ArchRule theSourceKnowsNoOtherStage =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "source..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              RELAY + "routing..", RELAY + "publishing..", RELAY + "position..", RELAY + "slot..");

  @ArchTest
  static final ArchRule routingKnowsNoOtherStage =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "routing..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              RELAY + "source..", RELAY + "publishing..", RELAY + "position..", RELAY + "slot..");

  /** It shares the routed record with routing, and nothing else with anyone. */
  @ArchTest
  static final ArchRule publishingKnowsNeitherSourceNorPosition =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "publishing..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(RELAY + "source..", RELAY + "position..", RELAY + "slot..");

  @ArchTest
  static final ArchRule onlyTheRelayAndItsFrontsKnowThePipeline =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.outbox.relay", RELAY + "pipeline..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(RELAY + "pipeline..");

  @ArchTest
  static final ArchRule springStaysAtTheEdges =
      noClasses()
          .that()
          .resideInAnyPackage(
              RELAY + "event..",
              RELAY + "source",
              RELAY + "routing..",
              RELAY + "position..",
              RELAY + "pipeline..",
              RELAY + "failure..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.springframework.boot..",
              "org.springframework.context..",
              "org.springframework.jdbc..");

  /** What reads topics and what writes to them have nothing in common but the brokers. */
  @ArchTest
  static final ArchRule readingTopicsKnowsNoStage =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "topics..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              RELAY + "source..",
              RELAY + "routing..",
              RELAY + "publishing..",
              RELAY + "position..",
              RELAY + "slot..",
              RELAY + "database..");

  /** Operations speak to the database and to topics, never to a running pipeline. */
  @ArchTest
  static final ArchRule operationsKnowNoRunningStage =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "operations..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              RELAY + "source..",
              RELAY + "publishing..",
              RELAY + "position..",
              RELAY + "pipeline..");

  /** What acts for an operator is the same code for every front; a front has none of its own. */
  @ArchTest
  static final ArchRule theWebWritesNoCommandsAndAsksNoDatabase =
      noClasses()
          .that()
          .resideInAPackage(RELAY + "web..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              RELAY + "source..",
              RELAY + "position..",
              RELAY + "routing..",
              RELAY + "recovery..",
              RELAY + "command..",
              "org.springframework.jdbc..",
              "java.sql..")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName(RELAY + "control.ControlLog");

  @ArchTest
  static final ArchRule onlyTheConsoleKnowsSecurity =
      noClasses()
          .that()
          .resideOutsideOfPackage(RELAY + "web.console..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework.security..");

  @ArchTest
  static final ArchRule onlyTheConsoleAndTheMaskKnowWhoWritesTheLog =
      noClasses()
          .that()
          .resideOutsideOfPackages(RELAY + "web.console..", RELAY + "log..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ch.qos.logback..");

  @ArchTest
  static final ArchRule packagesFormNoCycle =
      slices().matching("dev.outbox.relay.(*)..").should().beFreeOfCycles();
}
