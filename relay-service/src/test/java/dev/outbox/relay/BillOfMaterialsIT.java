package dev.outbox.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The bill of materials in the packaged jar tells what is in the jar. */
@Tag("slow") // to make it takes a minute or two, so "mvn verify" does not
@EnabledIfSystemProperty(named = "cyclonedx.skip", matches = "false")
class BillOfMaterialsIT {

  private static final String BILL = "META-INF/sbom/application.cdx.json";
  private static final String LIBRARIES = "BOOT-INF/lib/";

  private static final Set<String> librariesInJar = new TreeSet<>();
  private static JsonNode bill = JsonMapper.shared().nullNode();

  @BeforeAll
  static void readJar() throws IOException {
    try (JarFile jar = new JarFile(Path.of("target", "relay-service.jar").toFile())) {
      assertThat(jar.getJarEntry(BILL)).as("Maven offline makes none").isNotNull();
      bill = JsonMapper.shared().readTree(jar.getInputStream(jar.getJarEntry(BILL)));
      jar.stream()
          .map(entry -> entry.getName())
          .filter(name -> name.startsWith(LIBRARIES) && name.endsWith(".jar"))
          .map(name -> name.substring(LIBRARIES.length()))
          // What Spring Boot's plugin adds, to unpack the jar with.
          .filter(name -> !name.startsWith("spring-boot-jarmode-tools-"))
          .forEach(librariesInJar::add);
    }
  }

  @Test
  void itListsEveryLibraryOfTheJarAndNothingElse() {
    Set<String> listed =
        bill.get("components").values().stream()
            .map(component -> text(component, "name") + "-" + text(component, "version") + ".jar")
            // Empty jars that name others; they are not packaged.
            .filter(jar -> !jar.startsWith("spring-boot-starter-"))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(listed).isEqualTo(librariesInJar).hasSizeGreaterThan(50);
  }

  @Test
  void itNamesTheClientAndTheEngineWithTheirVersions() {
    assertThat(bill.get("components").values())
        .extracting(component -> text(component, "purl"))
        .anyMatch(purl -> purl.startsWith("pkg:maven/org.apache.kafka/kafka-clients@4."))
        .anyMatch(purl -> purl.startsWith("pkg:maven/io.debezium/debezium-connector-postgres@3."))
        .anyMatch(purl -> purl.startsWith("pkg:maven/org.postgresql/postgresql@42."))
        .noneMatch(purl -> purl.contains("junit") || purl.contains("jqwik"));
  }

  /** The same sources give the same bill. */
  @Test
  void itBearsNothingOfTheBuildThatMadeIt() {
    assertThat(bill.has("serialNumber")).isFalse();
    JsonNode described = bill.get("metadata").get("component");
    assertThat(text(described, "name")).isEqualTo("relay-service");
  }

  private static String text(JsonNode node, String name) {
    return node.get(name).stringValue();
  }
}
