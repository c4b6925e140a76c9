package dev.outbox.benchmarks;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;

/** The answer to one question: a page in Markdown with tables and charts. */
final class Report {

  private static final Path PAGES = Path.of("docs", "benchmarks");
  private static final int CHART_WIDTH = 900;
  private static final int CHART_HEIGHT = 420;
  private static final int LABEL_DEGREES = 20;
  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.PLAIN, 13);

  /** Above this nobody wants to see tenths. */
  private static final int DETAIL_BELOW = 100;

  private final Path directory;
  private final String question;
  private final StringBuilder page = new StringBuilder();

  /**
   * @param question name of the page
   * @param title its heading
   * @param command what makes it again
   */
  Report(String question, String title, String command) {
    this(PAGES, question, title, command);
  }

  /** For another directory than that of the documentation. */
  Report(Path directory, String question, String title, String command) {
    this.directory = directory;
    this.question = question;
    add("# " + title + "\n");
    add("```bash\n" + command + "\n```\n");
  }

  void add(String markdown) {
    page.append(markdown).append('\n');
  }

  /** A table, which is printed too. */
  void table(String heading, List<String> columns, List<List<String>> rows) {
    List<String> lines = new ArrayList<>();
    lines.add("| " + String.join(" | ", columns) + " |");
    lines.add("|---|" + "---:|".repeat(columns.size() - 1));
    rows.forEach(row -> lines.add("| " + String.join(" | ", row) + " |"));
    String table = String.join("\n", lines);
    System.out.println(heading + "\n" + table);
    add("## " + heading + "\n\n" + table + "\n");
  }

  /** A bar for each label. */
  void chart(String name, String title, List<String> labels, List<Double> values) {
    CategoryChart chart =
        new CategoryChartBuilder().width(CHART_WIDTH).height(CHART_HEIGHT).title(title).build();
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setLabelsVisible(true);
    chart.getStyler().setXAxisLabelRotation(LABEL_DEGREES);
    chart.getStyler().setChartTitleFont(TITLE);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    double largest = values.stream().mapToDouble(Math::abs).max().orElse(0);
    chart.getStyler().setDecimalPattern(largest < DETAIL_BELOW ? "#,###.#" : "#,###");
    chart.addSeries(title, labels, values);
    String file = question + "-" + name + ".svg";
    try {
      Files.createDirectories(directory);
      VectorGraphicsEncoder.saveVectorGraphic(
          chart, directory.resolve(file).toString(), VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
    add("![%s](%s)\n".formatted(title, file));
  }

  void write() {
    Path file = directory.resolve(question + ".md");
    try {
      Files.createDirectories(directory);
      Files.writeString(file, page.toString().strip() + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
    System.out.println("Written: " + file);
  }
}
