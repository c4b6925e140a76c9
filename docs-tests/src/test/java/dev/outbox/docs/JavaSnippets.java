package dev.outbox.docs;

import com.sun.source.util.JavacTask;
import dev.outbox.local.documents.CodeBlock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Compiles the Java blocks of one document, each in a class of its own that extends the preamble's
 * {@code Given}: as statements, or as members; or as the file that it is, if it names its package.
 * Nothing is written.
 */
final class JavaSnippets {

  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
  private static final Pattern IMPORT = Pattern.compile("(?m)^import .*;\n");
  private static final Pattern RETURN = Pattern.compile("(?m)^return\\b");

  private final String document;
  private final String imports;
  private final String preamble;

  JavaSnippets(String document) {
    this.document = document;
    String given = Preambles.java(document);
    imports =
        Preambles.imports()
            + IMPORT.matcher(given).results().map(i -> i.group()).collect(Collectors.joining());
    preamble = IMPORT.matcher(given).replaceAll("");
  }

  /** What the compiler says against these blocks; nothing if they are right. */
  List<String> problems(List<CodeBlock> blocks) {
    List<JavaFileObject> sources = new ArrayList<>();
    sources.add(source("Given", imports + preamble));
    for (CodeBlock block : blocks) {
      sources.add(source("Line" + block.line(), classAround(block)));
    }
    return compile(sources, true);
  }

  private String classAround(CodeBlock block) {
    if (block.text().startsWith("package ")) {
      // Public types must stand in files of their name; here none has one.
      return block.text().replaceFirst("(?m)^public (?=(final )?(class|record|interface))", "");
    }
    String asStatements = around(block, statements(block.text()));
    boolean parses = compile(List.of(source("Line" + block.line(), asStatements)), false).isEmpty();
    return parses ? asStatements : around(block, block.text());
  }

  private static String statements(String text) {
    String type = RETURN.matcher(text).find() ? "Object" : "void";
    return type + " block() throws Exception {\n" + text + "\n}";
  }

  private String around(CodeBlock block, String members) {
    return imports + "class Line" + block.line() + " extends Given {\n" + members + "\n}\n";
  }

  private List<String> compile(List<JavaFileObject> sources, boolean whole) {
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> options =
        List.of("-proc:none", "-parameters", "-cp", System.getProperty("java.class.path"));
    JavacTask task = (JavacTask) COMPILER.getTask(null, null, found, options, null, sources);
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
        .map(this::describe)
        .toList();
  }

  private String describe(Diagnostic<? extends JavaFileObject> diagnostic) {
    JavaFileObject source = diagnostic.getSource();
    String name = source == null ? "" : source.getName().replaceAll(".*/(Line)?|\\.java", "");
    String line = source == null ? "" : line(source, diagnostic.getLineNumber());
    return "%s, block at line %s: %s%n    %s"
        .formatted(document, name, diagnostic.getMessage(Locale.ENGLISH), line);
  }

  private static String line(JavaFileObject source, long number) {
    try {
      return source.getCharContent(true).toString().lines().skip(number - 1).findFirst().orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JavaFileObject source(String type, String text) {
    return new SimpleJavaFileObject(
        URI.create("string:///" + type + ".java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return text;
      }
    };
  }

  static {
    // A JRE has none; the build needs a JDK anyway.
    if (COMPILER == null) {
      throw new IllegalStateException("No Java compiler: run the tests with a JDK");
    }
  }
}
