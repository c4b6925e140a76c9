package dev.outbox.relay.event;

/** What texts from outside may be, and how much of them a message shows. */
public final class TextForm {

  private static final int MOST_SHOWN = 100;

  private TextForm() {}

  /**
   * Whether the text can be written in UTF-8. An unpaired surrogate cannot: it would silently
   * become a question mark, and two different keys one.
   */
  public static boolean isUtf8(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return text.codePoints().noneMatch(TextForm::isSurrogate);
      }
    }
    return true;
  }

  private static boolean isSurrogate(int codePoint) {
    return Character.getType(codePoint) == Character.SURROGATE;
  }

  /** Whether PostgreSQL can hold it: UTF-8 without NUL. */
  public static boolean isStorable(String text) {
    return text.indexOf('\0') < 0 && isUtf8(text);
  }

  /** The text for a message: what is long is cut, and it stays on its line. */
  public static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    text.codePoints()
        .limit(MOST_SHOWN)
        .map(c -> Character.isISOControl(c) || isSurrogate(c) ? '?' : c)
        .forEach(shown::appendCodePoint);
    return text.length() > shown.length() ? shown + "…" : shown.toString();
  }
}
