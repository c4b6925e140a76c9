package dev.outbox.local;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
 * What one client of a broker may do. May be used by any thread; a change counts when the method
 * returns.
 */
public final class Grants {

  /** What makes a broker look at them: who has a name may do what is granted to it. */
  static final Map<String, String> SETTINGS =
      Map.of(
          "authorizer.class.name",
          StandardAuthorizer.class.getName(),
          "super.users",
          KafkaPrincipal.ANONYMOUS.toString(),
          "allow.everyone.if.no.acl.found",
          "false");

  private static final String ANY_HOST = "*";

  private final LocalKafka broker;
  private final KafkaPrincipal client;

  Grants(LocalKafka broker, KafkaPrincipal client) {
    this.broker = broker;
    this.client = client;
  }

  /** Grants operations on what is called so. */
  public void allow(ResourceType type, String name, AclOperation... operations) {
    add(new ResourcePattern(type, name, PatternType.LITERAL), AclPermissionType.ALLOW, operations);
  }

  /** The same for all whose names begin so. */
  public void allowAll(ResourceType type, String prefix, AclOperation... operations) {
    add(
        new ResourcePattern(type, prefix, PatternType.PREFIXED),
        AclPermissionType.ALLOW,
        operations);
  }

  /** Denies operations, whatever else is granted. */
  public void deny(ResourceType type, String name, AclOperation... operations) {
    add(new ResourcePattern(type, name, PatternType.LITERAL), AclPermissionType.DENY, operations);
  }

  /** Removes what was granted or denied to this client under this very name. */
  public void clear(ResourceType type, String name) {
    AclBindingFilter all =
        new AclBindingFilter(
            new ResourcePatternFilter(type, name, PatternType.LITERAL),
            new AccessControlEntryFilter(
                client.toString(), null, AclOperation.ANY, AclPermissionType.ANY));
    Administration.run(
        broker, "change its access lists", admin -> admin.deleteAcls(List.of(all)).all());
  }

  private void add(
      ResourcePattern pattern, AclPermissionType permission, AclOperation... operations) {
    Collection<AclBinding> entries =
        Stream.of(operations)
            .map(
                operation ->
                    new AclBinding(
                        pattern,
                        new AccessControlEntry(client.toString(), ANY_HOST, operation, permission)))
            .toList();
    Administration.run(broker, "change its access lists", admin -> admin.createAcls(entries).all());
  }
}
