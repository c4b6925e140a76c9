package dev.outbox.local;

import java.util.Map;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;

/**
 * The access lists of a broker's topics for the clients of one address. A topic without a list is
 * open to them; one with a list grants what stands there. May be used by any thread; a change
 * counts when the method returns.
 */
public final class AccessLists {

  /** What makes a broker look at them. */
  static final Map<String, String> SETTINGS =
      Map.of(
          "authorizer.class.name", StandardAuthorizer.class.getName(),
          "principal.builder.class", PrincipalByListener.class.getName(),
          "super.users", PrincipalByListener.EVERYTHING.toString(),
          "allow.everyone.if.no.acl.found", "true");

  private final Grants grants;
  private final String restricted;

  AccessLists(LocalKafka broker, String restricted) {
    this.grants = new Grants(broker, KafkaPrincipal.ANONYMOUS);
    this.restricted = restricted;
  }

  /** The value for {@code bootstrap.servers} of clients that the lists are for. */
  public String bootstrapServers() {
    return restricted;
  }

  /** Grants operations on a topic; what no entry grants is denied from now on. */
  public void allow(String topic, AclOperation... operations) {
    grants.allow(ResourceType.TOPIC, topic, operations);
  }

  /** Denies operations on a topic, whatever else is granted. */
  public void deny(String topic, AclOperation... operations) {
    grants.deny(ResourceType.TOPIC, topic, operations);
  }

  /** Opens a topic: its list is removed. */
  public void clear(String topic) {
    grants.clear(ResourceType.TOPIC, topic);
  }
}
