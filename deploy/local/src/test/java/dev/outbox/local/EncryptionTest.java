package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.tls.CertificateAuthority;
import dev.outbox.local.tls.Identity;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Servers that are reached by TLS, with certificates made here. */
@Execution(ExecutionMode.CONCURRENT)
class EncryptionTest {

  private final CertificateAuthority authority = CertificateAuthority.named("test authority");
  private final CertificateAuthority other = CertificateAuthority.named("another authority");
  @TempDir private Path folder;
  private Path trusted = Path.of("");

  @BeforeEach
  void writeAuthority() {
    trusted = Identity.write(authority.certificate(), folder.resolve("ca.pem"));
  }

  @Test
  void aDatabaseServerPresentsWhatItIsTold() throws SQLException {
    try (LocalPostgres server =
        LocalPostgres.builder().mutualTls(authority.server("localhost"), authority).start()) {
      Sql.execute(server, "postgres", "create role somebody login password 'somebody'");
      Identity client = authority.client("somebody");
      client.writeCertificate(folder.resolve("client.pem"));
      client.writeBinaryKey(folder.resolve("client.pk8"));
      String own = "&sslcert=%1$s/client.pem&sslkey=%1$s/client.pk8".formatted(folder);
      try (Connection connection = connect(server, own)) {
        assertThat(connection.isValid(5)).isTrue();
      }
      assertThatThrownBy(() -> connect(server, "&sslcert=/none&sslkey=/none"))
          .hasMessageContaining("certificate");
      server.present(other.server("localhost"));
      assertThatThrownBy(() -> connect(server, own)).hasMessageContaining("SSL error");
      server.present(authority.server("elsewhere.example"));
      assertThatThrownBy(() -> connect(server, own)).hasMessageContaining("localhost");
    }
  }

  private Connection connect(LocalPostgres server, String more) throws SQLException {
    return DriverManager.getConnection(
        server.jdbcUrl("postgres") + "?sslmode=verify-full&sslrootcert=" + trusted + more,
        "somebody",
        "somebody");
  }

  @Test
  @Tag("slow")
  void aBrokerTellsItsClientsApart() throws Exception {
    try (LocalKafka broker =
        LocalKafka.builder()
            .grants()
            .listener(TlsListener.forAll("OPEN", authority.server("localhost")))
            .listener(
                TlsListener.forCertificates("CERTIFIED", authority.server("localhost"), authority))
            .listener(TlsListener.forPasswords("LOGIN", authority.server("localhost")))
            .start()) {
      describe(broker.bootstrapServers("OPEN"), Map.of());
      assertThatThrownBy(() -> describe(broker.bootstrapServers("CERTIFIED"), Map.of()))
          .hasCauseInstanceOf(SslAuthenticationException.class);
      Path store = authority.client("somebody").writeAll(folder.resolve("client.pem"));
      Map<String, String> certified =
          Map.of("ssl.keystore.type", "PEM", "ssl.keystore.location", store.toString());
      assertThatThrownBy(() -> createTopic(broker.bootstrapServers("CERTIFIED"), certified))
          .hasCauseInstanceOf(TopicAuthorizationException.class);
      broker
          .grants("CN=somebody")
          .allow(ResourceType.CLUSTER, "kafka-cluster", AclOperation.CREATE);
      createTopic(broker.bootstrapServers("CERTIFIED"), certified);
      Map<String, String> login =
          Map.of(
              "security.protocol",
              "SASL_SSL",
              "sasl.mechanism",
              "SCRAM-SHA-512",
              "sasl.jaas.config",
              "org.apache.kafka.common.security.scram.ScramLoginModule required"
                  + " username=\"somebody\" password=\"their own\";");
      assertThatThrownBy(() -> describe(broker.bootstrapServers("LOGIN"), login))
          .hasCauseInstanceOf(SaslAuthenticationException.class);
      broker.accounts().put("somebody", "their own");
      describe(broker.bootstrapServers("LOGIN"), login);
      broker.accounts().remove("somebody");
      assertThatThrownBy(() -> describe(broker.bootstrapServers("LOGIN"), login))
          .hasCauseInstanceOf(SaslAuthenticationException.class);
      broker.present("OPEN", other.server("localhost"));
      assertThatThrownBy(() -> describe(broker.bootstrapServers("OPEN"), Map.of()))
          .hasStackTraceContaining("PKIX path building failed");
    }
  }

  private void describe(String bootstrapServers, Map<String, String> more) throws Exception {
    try (Admin admin = admin(bootstrapServers, more)) {
      assertThat(admin.describeCluster().nodes().get()).hasSize(1);
    }
  }

  private void createTopic(String bootstrapServers, Map<String, String> more)
      throws ExecutionException, InterruptedException {
    try (Admin admin = admin(bootstrapServers, more)) {
      admin.createTopics(List.of(new NewTopic("topic", 1, (short) 1))).all().get();
    }
  }

  private Admin admin(String bootstrapServers, Map<String, String> more) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", bootstrapServers);
    settings.put("security.protocol", "SSL");
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", trusted.toString());
    settings.put("request.timeout.ms", "20000");
    settings.put("default.api.timeout.ms", "20000");
    settings.putAll(more);
    return Admin.create(settings);
  }
}
