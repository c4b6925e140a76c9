package dev.outbox.docs;

import com.sun.source.util.JavacTask;
import dev.outbox.local.documents.CodeBlock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Compiles the Java blocks of documents, each in a class of its own that extends the {@code Given}
 * of the document's preamble: as statements, or as members; or as the file that it is, if it names
 * its package. Nothing is written.
 */
final class JavaSnippets {

  private static final JavaCompiler COMPILER =
      Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "run the tests with a JDK");

  /** Shared, because it keeps what it has read of the class path. */
  private static final JavaFileManager FILES = COMPILER.getStandardFileManager(null, null, null);

  private static final Pattern IMPORT = Pattern.compile("(?m)^import .*;\n");
  private static final Pattern RETURN = Pattern.compile("(?m)^return\\b");

  /** Public types must stand in files of their name; here none does. */
  private static final Pattern PUBLIC_TYPE =
      Pattern.compile("(?m)^public (?=(?:final |abstract )*(?:class|record|interface|enum))");

  private JavaSnippets() {}

  /** What the compiler says against these blocks; nothing if they are right. */
  static List<String> problems(List<CodeBlock> blocks) {
    Map<String, List<CodeBlock>> byDocument =
        blocks.stream().collect(Collectors.groupingBy(CodeBlock::document));
    List<JavaFileObject> sources = new ArrayList<>();
    byDocument.forEach((document, own) -> sources.addAll(sources(document, own)));
    return compile(sources, true);
  }

  private static List<JavaFileObject> sources(String document, List<CodeBlock> blocks) {
    String given = Preambles.java(document);
    String head =
        "package %s;\n%s%s"
            .formatted(
                document.replaceAll("\\W", "_"),
                Preambles.imports(),
                IMPORT.matcher(given).results().map(i -> i.group()).collect(Collectors.joining()));
    List<JavaFileObject> sources = new ArrayList<>();
    sources.add(source(document, "preamble", head + IMPORT.matcher(given).replaceAll("")));
    for (CodeBlock block : blocks) {
      sources.add(source(document, String.valueOf(block.line()), classAround(head, block)));
    }
    return sources;
  }

  private static String classAround(String head, CodeBlock block) {
    if (block.text().startsWith("package ")) {
      return PUBLIC_TYPE.matcher(block.text()).replaceFirst("");
    }
    String asStatements = classOf(head, block, statements(block.text()));
    boolean parses = compile(List.of(source("", "", asStatements)), false).isEmpty();
    return parses ? asStatements : classOf(head, block, block.text());
  }

  private static String statements(String text) {
    String type = RETURN.matcher(text).find() ? "Object" : "void";
    return type + " block() throws Exception {\n" + text + "\n}";
  }

  /** Abstract, because what the preamble gives may be without a body. */
  private static String classOf(String head, CodeBlock block, String members) {
    return head + "abstract class Line" + block.line() + " extends Given {\n" + members + "\n}\n";
  }

  private static List<String> compile(List<JavaFileObject> sources, boolean whole) {
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> options =
        List.of("-proc:none", "-parameters", "-cp", System.getProperty("java.class.path"));
    JavacTask task = (JavacTask) COMPILER.getTask(null, FILES, found, options, null, sources);
    try {
      task.parse();
      if (whole) {
        task.analyze();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(JavaSnippets::describe)
        .toList();
  }

  private static String describe(Diagnostic<? extends JavaFileObject> diagnostic) {
    String said = diagnostic.getMessage(Locale.ENGLISH);
    JavaFileObject source = diagnostic.getSource();
    if (source == null) {
      return said;
    }
    String place = source.toUri().getPath().replaceFirst("^/", "").replaceFirst("\\.java$", "");
    return "%s: %s%n    %s".formatted(place, said, line(source, diagnostic.getLineNumber()));
  }

  private static String line(JavaFileObject source, long number) {
    try {
      return source.getCharContent(true).toString().lines().skip(number - 1).findFirst().orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JavaFileObject source(String document, String place, String text) {
    return new SimpleJavaFileObject(
        URI.create("string:///" + document + ":" + place + ".java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return text;
      }
    };
  }
}
