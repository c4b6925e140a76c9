package dev.outbox.docs;

import dev.outbox.local.documents.SettingsTables;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The settings of this project, which the tables of the documents have from the code. */
final class KnownSettings {

  private static final List<String> NAMES = SettingsTables.documentedNames();

  private KnownSettings() {}

  /** The first name that is no setting, among those that belong to this project. */
  static Optional<String> problem(Collection<String> names) {
    return names.stream()
        .filter(name -> name.startsWith("outbox.") && !isKnown(name))
        .findFirst()
        .map(name -> "there is no setting " + name);
  }

  /** Whether it is a setting, or what several have in front. */
  static boolean isNameOrPrefix(String name) {
    return isKnown(name) || NAMES.stream().anyMatch(known -> known.startsWith(name + "."));
  }

  private static boolean isKnown(String name) {
    return NAMES.stream().anyMatch(known -> name.equals(known) || name.startsWith(known + "."));
  }
}
