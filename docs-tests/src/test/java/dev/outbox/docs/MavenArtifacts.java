package dev.outbox.docs;

import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.Documents;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * XML for a pom: what it says of this project's modules and of Spring Boot is what poms here say.
 */
final class MavenArtifacts {

  private MavenArtifacts() {}

  static Optional<String> problem(CodeBlock block) {
    Document document;
    try {
      document = parse(block.text());
    } catch (SAXException | IOException | ParserConfigurationException e) {
      return Optional.of(e.toString());
    }
    return Stream.of("parent", "dependency")
        .map(document::getElementsByTagName)
        .flatMap(found -> IntStream.range(0, found.getLength()).mapToObj(found::item))
        .map(Element.class::cast)
        .map(MavenArtifacts::wrong)
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Document parse(String text)
      throws SAXException, IOException, ParserConfigurationException {
    return DocumentBuilderFactory.newDefaultInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(text)));
  }

  private static Optional<String> wrong(Element artifact) {
    String group = child(artifact, "groupId");
    String name = child(artifact, "artifactId");
    String version = child(artifact, "version");
    if (group.equals("dev.outbox")) {
      Path pom = Documents.root().resolve(name).resolve("pom.xml");
      boolean right = Files.exists(pom) && Documents.read(pom).contains(element(version));
      return right ? Optional.empty() : Optional.of("no module is " + name + " " + version);
    }
    if (group.equals("org.springframework.boot") && !version.isEmpty()) {
      boolean right =
          Documents.read(Documents.root().resolve("pom.xml")).contains(element(version));
      return right ? Optional.empty() : Optional.of("not the Spring Boot of pom.xml: " + version);
    }
    return Optional.empty();
  }

  private static String element(String version) {
    return "<version>" + version + "</version>";
  }

  /** Its text, empty if there is none. */
  private static String child(Element parent, String name) {
    NodeList found = parent.getElementsByTagName(name);
    return found.getLength() == 0 ? "" : found.item(0).getTextContent();
  }
}
