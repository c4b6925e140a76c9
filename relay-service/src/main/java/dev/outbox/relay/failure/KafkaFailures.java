package dev.outbox.relay.failure;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.jspecify.annotations.Nullable;

/** Tells what it means for the relay, and what to do, when brokers refuse it or it refuses them. */
public final class KafkaFailures {

  private static final String PROPERTIES = "outbox.relay.kafka.properties.";

  private KafkaFailures() {}

  /**
   * The failure in an operator's words.
   *
   * @param stage where it happened
   * @param failure what a client of Kafka reports
   * @param kafka what to call the brokers, with their addresses if they are known
   * @return null when it is neither about who somebody is nor about what he may do
   */
  public static @Nullable RelayException explain(Stage stage, Throwable failure, String kafka) {
    @Nullable TlsFault fault = TlsFault.among(failure);
    if (fault != null) {
      return new RelayException(
          stage,
          "%s %s: %s".formatted(kafka, fault.words(), deepest(failure)),
          remedy(fault),
          failure);
    }
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof AuthenticationException) {
        return new RelayException(
            stage,
            "%s refuses the relay's login: %s".formatted(kafka, deepest(cause)),
            "Correct %1$ssecurity.protocol, %1$ssasl.mechanism and %1$ssasl.jaas.config, or have"
                    .formatted(PROPERTIES)
                + " the account made; the relay goes on by itself once it is let in.",
            failure);
      }
      if (cause instanceof AuthorizationException denied) {
        return new RelayException(
            stage,
            "%s does not let the relay %s: %s".formatted(kafka, act(denied), deepest(denied)),
            "Grant its principal %s; the relay goes on by itself.".formatted(missing(denied)),
            failure);
      }
    }
    return null;
  }

  private static String remedy(TlsFault fault) {
    return switch (fault) {
      case UNTRUSTED ->
          "Set %1$sssl.truststore.location and %1$sssl.truststore.type (PEM, PKCS12 or JKS) to a file with the certificate of the authority that signed the brokers'."
              .formatted(PROPERTIES);
      case EXPIRED, NOT_YET_VALID ->
          "Renew the brokers' certificates, or correct the clock; the relay goes on by itself.";
      case OTHER_HOST ->
          "Name the brokers in outbox.relay.kafka.bootstrap-servers and in their own"
              + " advertised.listeners as their certificates do, or have certificates made for these"
              + " names.";
      case CLIENT_REFUSED, HUNG_UP ->
          "Set %1$sssl.keystore.location, .type and .password to a key with a certificate that the brokers' ssl.truststore trusts and that has not expired."
              .formatted(PROPERTIES);
      case NOT_SPOKEN ->
          "Name the brokers' port for TLS in outbox.relay.kafka.bootstrap-servers, or correct"
              + " %ssecurity.protocol.".formatted(PROPERTIES);
    };
  }

  private static String act(AuthorizationException denied) {
    if (denied instanceof TopicAuthorizationException topics) {
      return "use topics " + topics.unauthorizedTopics();
    }
    if (denied instanceof TransactionalIdAuthorizationException) {
      return "use its transactional id";
    }
    return denied instanceof ClusterAuthorizationException ? "write idempotently" : "do this";
  }

  private static String missing(AuthorizationException denied) {
    if (denied instanceof TransactionalIdAuthorizationException) {
      return "Write and Describe on the transactional id outbox-relay-<outbox.relay.name>";
    }
    return denied instanceof ClusterAuthorizationException
        ? "Write on its topics, or IdempotentWrite on the cluster"
        : "what docs/configuration.md lists";
  }

  /** The message of the first cause; it says more than what was made of it. */
  public static String deepest(Throwable failure) {
    Throwable deepest = failure;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage();
    return message == null ? deepest.getClass().getSimpleName() : message;
  }

  /** All that a failure and its causes say, each thing once. */
  public static String chain(Throwable failure) {
    List<String> messages = new ArrayList<>();
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause.getMessage() != null) {
        messages.add(cause.getMessage());
      }
    }
    return messages.stream().distinct().collect(Collectors.joining(": "));
  }
}
