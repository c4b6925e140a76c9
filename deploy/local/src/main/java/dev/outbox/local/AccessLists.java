package dev.outbox.local;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourcePatternFilter;
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

  private static final String ANY_HOST = "*";

  private final LocalKafka broker;
  private final String restricted;

  AccessLists(LocalKafka broker, String restricted) {
    this.broker = broker;
    this.restricted = restricted;
  }

  /** The value for {@code bootstrap.servers} of clients that the lists are for. */
  public String bootstrapServers() {
    return restricted;
  }

  /** Grants operations on a topic; what no entry grants is denied from now on. */
  public void allow(String topic, AclOperation... operations) {
    add(topic, AclPermissionType.ALLOW, operations);
  }

  /** Denies operations on a topic, whatever else is granted. */
  public void deny(String topic, AclOperation... operations) {
    add(topic, AclPermissionType.DENY, operations);
  }

  /** Opens a topic: its list is removed. */
  public void clear(String topic) {
    change(
        admin ->
            admin
                .deleteAcls(
                    List.of(
                        new AclBindingFilter(
                            new ResourcePatternFilter(
                                ResourceType.TOPIC, topic, PatternType.LITERAL),
                            AccessControlEntryFilter.ANY)))
                .all()
                .get());
  }

  private void add(String topic, AclPermissionType permission, AclOperation... operations) {
    ResourcePattern pattern = new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL);
    Collection<AclBinding> entries =
        Stream.of(operations)
            .map(
                operation ->
                    new AclBinding(
                        pattern,
                        new AccessControlEntry(
                            KafkaPrincipal.ANONYMOUS.toString(), ANY_HOST, operation, permission)))
            .toList();
    change(admin -> admin.createAcls(entries).all().get());
  }

  private interface Change {
    void apply(Admin admin) throws ExecutionException, InterruptedException;
  }

  private void change(Change change) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
      change.apply(admin);
    } catch (ExecutionException e) {
      throw new LocalStackException("Cannot change the access lists", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while changing the access lists", e);
    }
  }
}
