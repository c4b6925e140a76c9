package dev.outbox.local;

import org.apache.kafka.common.security.auth.AuthenticationContext;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;

/**
 * Tells clients of a broker apart by the listener they come through, so that tests of access lists
 * need no passwords. For Kafka, which makes it by its name.
 */
public final class PrincipalByListener extends DefaultKafkaPrincipalBuilder {

  /** Who comes through any listener but the restricted one. */
  static final KafkaPrincipal EVERYTHING = new KafkaPrincipal(KafkaPrincipal.USER_TYPE, "local");

  /** For Kafka. */
  public PrincipalByListener() {
    super(null, null);
  }

  @Override
  public KafkaPrincipal build(AuthenticationContext context) {
    return context.listenerName().equals(KafkaSettings.RESTRICTED)
        ? KafkaPrincipal.ANONYMOUS
        : EVERYTHING;
  }
}
