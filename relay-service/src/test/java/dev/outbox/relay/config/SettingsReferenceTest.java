package dev.outbox.relay.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.SettingsTables;
import org.junit.jupiter.api.Test;

class SettingsReferenceTest {

  @Test
  void theDocumentsHaveTheSettingsOfTheCode() {
    assertThat(SettingsTables.ofThisModule().problems()).isEmpty();
  }
}
