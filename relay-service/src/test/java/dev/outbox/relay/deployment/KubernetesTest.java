package dev.outbox.relay.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * What the charts make, rendered by Helm and read as the API's types. No cluster takes part:
 * whether one starts it is not shown here.
 */
class KubernetesTest {

  private static final String RELAY = "outbox-relay";
  private static final Path FOOTPRINT = Path.of("..", "docs", "benchmarks", "footprint.md");

  private static Manifests alone = new Manifests(List.of());
  private static Manifests beside = new Manifests(List.of());
  private static String rendered = "";

  @BeforeAll
  static void render(@TempDir Path folder) {
    rendered = new Chart(Chart.RELAY).render(Chart.ORDERS);
    alone = Manifests.read(rendered);
    beside = Manifests.read(Chart.service(folder).render());
  }

  @Test
  void theChartsBringWhatAnOperatorNeeds(@TempDir Path folder) {
    assertThat(kinds(alone))
        .containsExactlyInAnyOrder(
            "ConfigMap",
            "ConfigMap",
            "Deployment",
            "Job",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "PrometheusRule",
            "Service",
            "ServiceAccount",
            "ServiceMonitor");
    assertThat(kinds(beside))
        .containsExactlyInAnyOrder("ConfigMap", "Deployment", "PodMonitor", "PrometheusRule");
    assertThat(new Chart(Chart.RELAY).render(Chart.ORDERS, Map.of("replicaCount", 3)))
        .contains("replicas: 3");
    assertThat(Chart.service(folder).lint().isFailed()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          readinessProbe:                | redinessProbe:                  | redinessProbe
          automountServiceAccountToken:  | automountServiceAcountToken:    | automountServiceAcountToken
          unhealthyPodEvictionPolicy:    | unhealtyPodEvictionPolicy:      | unhealtyPodEvictionPolicy
          podSelector:                   | podSelektor:                    | podSelektor
          endpoints:                     | endpoint:                       | endpoint
          alert: OutboxRelayAbsent       | alarm: OutboxRelayAbsent        | alarm
          AlwaysAllow                    | Always                          | unhealthyPodEvictionPolicy
          replicas: 2                    | replicas: two                   | replicas
          replicas: 2                    | replicas: "2"                   | replicas
          readOnlyRootFilesystem: true   | readOnlyRootFilesystem: "true"  | readOnlyRootFilesystem
          severity: critical             | severity: 1                     | severity
          enableServiceLinks: false      | restartPolicy: Sometimes        | restartPolicy
          """)
  void whatTheApiDoesNotKnowIsRefused(String right, String wrong, String named) {
    assertThat(rendered).contains(right);
    String spoilt = rendered.replace(right, wrong);
    assertThatThrownBy(() -> Manifests.read(spoilt)).hasMessageContaining(named);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          replicaCuont                         | 3   | replicaCuont
          image.tagg                           | x   | tagg
          mode                                 | daemonset | mode
          settings.engine                      | polling   | engine
          settings.database.password           | hunter2   | password
          terminationGracePeriodSeconds        | 25  | it must exceed settings.drain-timeout (20s)
          settings.drain-timeout               | 40s | it must exceed settings.drain-timeout (40s)
          """)
  void aWrongValueIsRefusedByHelm(String path, String value, String named) {
    Object typed = value.matches("[0-9]+") ? (Object) Integer.valueOf(value) : value;
    assertThatThrownBy(() -> new Chart(Chart.RELAY).render(Chart.ORDERS, Map.of(path, typed)))
        .hasMessageContaining(named);
  }

  @Test
  void whatBelongsTogetherIsConnected() {
    for (Manifests manifests : List.of(alone, beside)) {
      manifests.pods().forEach(pod -> assertConnected(manifests, pod.getSpec()));
      for (Deployment deployment : manifests.all(Deployment.class)) {
        PodTemplateSpec pod = deployment.getSpec().getTemplate();
        assertSelects(deployment.getSpec().getSelector().getMatchLabels(), pod);
      }
    }
    PodTemplateSpec relay = alone.the(Deployment.class).getSpec().getTemplate();
    PodTemplateSpec init = alone.the(Job.class).getSpec().getTemplate();
    assertThat(init.getSpec().getContainers().get(0).getArgs())
        .as("Who owns the tables may not replicate, so the relay makes its slot.")
        .containsExactly("init", "--without-slot");
    Service service = alone.the(Service.class);
    assertSelects(service.getSpec().getSelector(), relay);
    assertThat(init.getMetadata().getLabels().entrySet())
        .as("Requests for the relay do not reach the pod of init.")
        .doesNotContainAnyElementsOf(Set.of(Map.entry("app.kubernetes.io/component", "relay")));
    assertSelects(
        alone.the(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels(), relay);
    Map<String, String> guarded =
        alone.the(NetworkPolicy.class).getSpec().getPodSelector().getMatchLabels();
    assertSelects(guarded, relay);
    assertSelects(guarded, init);
    assertThat(portsOf(relay))
        .contains(service.getSpec().getPorts().get(0).getTargetPort().getStrVal());
    ServiceMonitor monitor = alone.the(ServiceMonitor.class);
    assertThat(service.getMetadata().getLabels())
        .containsAllEntriesOf(monitor.getSpec().getSelector().getMatchLabels())
        .containsKey(monitor.getSpec().getJobLabel());
    assertThat(monitor.getSpec().getEndpoints().get(0).getPort())
        .isEqualTo(service.getSpec().getPorts().get(0).getName());
    PodTemplateSpec orders = beside.the(Deployment.class).getSpec().getTemplate();
    PodMonitor podMonitor = beside.the(PodMonitor.class);
    assertSelects(podMonitor.getSpec().getSelector().getMatchLabels(), orders);
    assertThat(orders.getMetadata().getLabels()).containsKey(podMonitor.getSpec().getJobLabel());
    assertThat(portsOf(orders))
        .contains(podMonitor.getSpec().getPodMetricsEndpoints().get(0).getPort());
  }

  @Test
  void besideItsServiceTheRelayStartsBeforeAndStopsAfterIt() {
    PodSpec pod = beside.the(Deployment.class).getSpec().getTemplate().getSpec();
    assertThat(pod.getContainers()).extracting(Container::getName).containsExactly("order-service");
    Container relay = pod.getInitContainers().get(0);
    assertThat(relay.getName()).isEqualTo(RELAY);
    assertThat(relay.getRestartPolicy()).isEqualTo("Always");
    assertThat(relay.getStartupProbe()).isNotNull();
    assertThat(relay.getReadinessProbe()).isNotNull();
    assertThat(relay.getReadinessProbe().getHttpGet().getPath()).endsWith("/readiness");
  }

  @Test
  void aServiceMayStayReadyWhileItsRelayIsNot(@TempDir Path folder) throws IOException {
    Path values = Files.writeString(folder.resolve("values.yaml"), "{}");
    Manifests manifests =
        Manifests.read(
            Chart.service(folder).render(values, Map.of("relay.sidecar.readinessProbe", false)));
    PodSpec pod = manifests.the(Deployment.class).getSpec().getTemplate().getSpec();
    assertThat(pod.getInitContainers().get(0).getReadinessProbe()).isNull();
    assertThat(pod.getInitContainers().get(0).getLivenessProbe()).isNotNull();
  }

  @Test
  void theRelayHasNoRightsThatItDoesNotNeed() {
    List<Container> relays = relays();
    assertThat(relays).hasSize(3);
    for (Container relay : relays) {
      var context = relay.getSecurityContext();
      assertThat(context.getRunAsNonRoot()).isTrue();
      assertThat(context.getRunAsUser()).isPositive();
      assertThat(context.getReadOnlyRootFilesystem()).isTrue();
      assertThat(context.getAllowPrivilegeEscalation()).isFalse();
      assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
      assertThat(context.getCapabilities().getAdd()).isEmpty();
      assertThat(context.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
      assertThat(relay.getVolumeMounts())
          .filteredOn(mount -> !Boolean.TRUE.equals(mount.getReadOnly()))
          .extracting(VolumeMount::getMountPath)
          .containsExactly("/tmp");
      assertThat(relay.getEnv()).allMatch(variable -> variable.getValueFrom() == null);
    }
    for (PodTemplateSpec pod :
        Stream.of(alone, beside).flatMap(all -> all.pods().stream()).toList()) {
      assertThat(pod.getSpec().getAutomountServiceAccountToken()).isFalse();
      assertThat(pod.getSpec().getEnableServiceLinks()).isFalse();
    }
    assertThat(alone.the(ServiceAccount.class).getAutomountServiceAccountToken()).isFalse();
  }

  /**
   * The user that the relay runs as must be able to read its secrets, also where no group helps.
   */
  @Test
  void theRelayCanReadItsSecretsAndNobodyElse() {
    PodSpec own = alone.the(Deployment.class).getSpec().getTemplate().getSpec();
    assertThat(volume(own, "outbox-relay-secrets").getProjected().getDefaultMode()).isEqualTo(0440);
    assertThat(own.getSecurityContext().getFsGroup())
        .isEqualTo(own.getContainers().get(0).getSecurityContext().getRunAsGroup());
    PodSpec service = beside.the(Deployment.class).getSpec().getTemplate().getSpec();
    assertThat(volume(service, "outbox-relay-secrets").getProjected().getDefaultMode())
        .isEqualTo(0444);
    assertThat(service.getContainers().get(0).getVolumeMounts())
        .extracting(VolumeMount::getName)
        .doesNotContain("outbox-relay-secrets");
    assertThat(secrets(alone.the(Job.class).getSpec().getTemplate().getSpec()))
        .containsExactly("orders-relay-owner", "orders-relay-kafka");
    assertThat(secrets(own)).containsExactly("orders-relay-database", "orders-relay-kafka");
  }

  @Test
  void aRelayThatStopsHasTheTimeToDrain() {
    Duration drain = load(alone, Map.of()).drainTimeout();
    for (Manifests manifests : List.of(alone, beside)) {
      assertThat(
              manifests
                  .the(Deployment.class)
                  .getSpec()
                  .getTemplate()
                  .getSpec()
                  .getTerminationGracePeriodSeconds())
          .isGreaterThanOrEqualTo(drain.toSeconds() + 10);
    }
  }

  @ParameterizedTest
  @CsvSource({"pgoutput", "debezium"})
  void memoryIsWhatWasMeasuredAndSomeRoom(String engine) throws IOException {
    Manifests manifests =
        Manifests.read(
            new Chart(Chart.RELAY).render(Chart.ORDERS, Map.of("settings.engine", engine)));
    Container relay =
        manifests.the(Deployment.class).getSpec().getTemplate().getSpec().getContainers().get(0);
    Quantity limit = relay.getResources().getLimits().get("memory");
    assertThat(relay.getResources().getRequests().get("memory")).isEqualTo(limit);
    BigDecimal megabytes =
        Quantity.getAmountInBytes(Objects.requireNonNull(limit))
            .divide(BigDecimal.valueOf(1_000_000));
    int peak = measuredPeak(engine);
    assertThat(megabytes.intValue()).isBetween(peak * 5 / 4, peak * 3 / 2);
    assertThat(relay.getResources().getLimits()).doesNotContainKey("cpu");
  }

  @Test
  void theNetworkIsOpenForWhatTheSettingsNameAndNothingElse() {
    NetworkPolicy policy = alone.the(NetworkPolicy.class);
    assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
    assertThat(policy.getSpec().getIngress()).hasSize(1);
    assertThat(policy.getSpec().getIngress().get(0).getFrom()).isNotEmpty();
    assertThat(portsOf(alone.the(Deployment.class).getSpec().getTemplate()))
        .contains(policy.getSpec().getIngress().get(0).getPorts().get(0).getPort().getStrVal());
    RelaySettings settings = load(alone, Map.of());
    List<List<Integer>> out =
        policy.getSpec().getEgress().stream()
            .map(
                rule ->
                    rule.getPorts().stream()
                        .map(NetworkPolicyPort::getPort)
                        .map(IntOrString::getIntVal)
                        .toList())
            .toList();
    assertThat(out)
        .containsExactly(
            List.of(port(settings.database().url())),
            settings.kafka().bootstrapServers().stream()
                .map(KubernetesTest::port)
                .distinct()
                .toList(),
            List.of(53, 53));
    assertThat(policy.getSpec().getEgress()).allMatch(rule -> !rule.getTo().isEmpty());
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://db/orders, 5432",
    "jdbc:postgresql://db:6432/orders?x=a:1, 6432",
    "jdbc:postgresql://db:6433, 6433"
  })
  void thePortOfPostgresqlIsTakenFromTheUrl(String url, int port) {
    String more = new Chart(Chart.RELAY).render(Chart.ORDERS, Map.of("settings.database.url", url));
    assertThat(
            Manifests.read(more)
                .the(NetworkPolicy.class)
                .getSpec()
                .getEgress()
                .get(0)
                .getPorts()
                .get(0)
                .getPort())
        .isEqualTo(new IntOrString(port));
  }

  @Test
  void theRelayReadsSettingsAndSecretsAsTheyAreMounted() {
    RelaySettings settings =
        load(
            alone,
            Map.of(
                "outbox.relay.database.password",
                "s3cret\n",
                "outbox.relay.kafka.properties.sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"));
    assertThat(settings.name()).isEqualTo("orders");
    assertThat(settings.engine()).isEqualTo(RelaySettings.Engine.PGOUTPUT);
    assertThat(settings.database().password()).isEqualTo("s3cret");
    assertThat(settings.kafka().bootstrapServers()).hasSize(2);
    assertThat(settings.kafka().properties())
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry(
            "sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    assertThat(load(beside, Map.of()).name()).isEqualTo("orders");
    assertThat(load(alone, Map.of("outbox.relay.database.username", "owner")).database().username())
        .as("a file goes before the ConfigMap, as init needs it")
        .isEqualTo("owner");
  }

  @Test
  void aMisspeltKeyOfASecretIsRefused() {
    assertThatThrownBy(() -> load(alone, Map.of("outbox.relay.database.pasword", "hunter2")))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("outbox.relay.database.pasword")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void aSettingThatTheRelayDoesNotKnowIsRefused() {
    Manifests manifests =
        Manifests.read(
            new Chart(Chart.RELAY).render(Chart.ORDERS, Map.of("settings.topic-tempalte", "x")));
    assertThatThrownBy(() -> load(manifests, Map.of()))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessageContaining("outbox.relay.topic-tempalte");
  }

  @Test
  void theContainerListensWhereItsProbesAsk() {
    try (ConfigurableApplicationContext context = start(alone, Map.of())) {
      int port = Integer.parseInt(property(context.getEnvironment(), "server.port"));
      for (Container relay : relays()) {
        assertThat(relay.getPorts()).allMatch(declared -> declared.getContainerPort() == port);
      }
    }
    assertThat(alone.the(Service.class).getSpec().getPorts().get(0).getPort()).isEqualTo(8081);
  }

  private static RelaySettings load(Manifests manifests, Map<String, String> secrets) {
    try (ConfigurableApplicationContext context = start(manifests, secrets)) {
      return SettingsLoader.load(context.getEnvironment());
    }
  }

  /** The way of the settings when the relay starts, without the relay. */
  private static ConfigurableApplicationContext start(
      Manifests manifests, Map<String, String> secrets) {
    MountedFiles files = new MountedFiles(temporary());
    files.configuration(manifests.all(ConfigMap.class).get(0));
    secrets.forEach(files::secret);
    PodSpec pod = manifests.the(Deployment.class).getSpec().getTemplate().getSpec();
    return new SpringApplicationBuilder(Nothing.class)
        .web(WebApplicationType.NONE)
        .logStartupInfo(false)
        .run(
            files.properties(relayOf(pod)).entrySet().stream()
                .map(property -> "--" + property.getKey() + "=" + property.getValue())
                .toArray(String[]::new));
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory(Path.of("target"), "mounted").toAbsolutePath();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String property(ConfigurableEnvironment environment, String name) {
    return Objects.requireNonNull(environment.getProperty(name), name);
  }

  private static List<String> kinds(Manifests manifests) {
    return manifests.objects().stream().map(HasMetadata::getKind).toList();
  }

  private static List<Container> relays() {
    return Stream.of(alone, beside)
        .flatMap(manifests -> manifests.pods().stream())
        .flatMap(pod -> containers(pod.getSpec()))
        .filter(container -> container.getName().startsWith(RELAY))
        .toList();
  }

  static Container relayOf(PodSpec pod) {
    return containers(pod)
        .filter(container -> container.getName().equals(RELAY))
        .findFirst()
        .orElseThrow();
  }

  private static Stream<Container> containers(PodSpec pod) {
    return Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream());
  }

  private static List<String> portsOf(PodTemplateSpec pod) {
    return containers(pod.getSpec())
        .flatMap(container -> container.getPorts().stream())
        .map(ContainerPort::getName)
        .toList();
  }

  private static void assertSelects(Map<String, String> selector, PodTemplateSpec pod) {
    assertThat(selector).isNotEmpty();
    assertThat(pod.getMetadata().getLabels()).containsAllEntriesOf(selector);
  }

  private static void assertConnected(Manifests manifests, PodSpec pod) {
    Set<String> volumes =
        pod.getVolumes().stream().map(Volume::getName).collect(Collectors.toSet());
    List<String> mounted = new ArrayList<>();
    containers(pod)
        .forEach(
            container -> {
              container.getVolumeMounts().forEach(mount -> mounted.add(mount.getName()));
              Stream.of(
                      container.getStartupProbe(),
                      container.getLivenessProbe(),
                      container.getReadinessProbe())
                  .filter(Objects::nonNull)
                  .map(Probe::getHttpGet)
                  .forEach(
                      probe ->
                          assertThat(container.getPorts())
                              .extracting(ContainerPort::getName)
                              .contains(probe.getPort().getStrVal()));
            });
    assertThat(mounted).allMatch(volumes::contains);
    assertThat(volumes).allMatch(mounted::contains);
    assertThat(volume(pod, "outbox-relay-config").getConfigMap().getName())
        .isEqualTo(manifests.all(ConfigMap.class).get(0).getMetadata().getName());
    if (pod.getServiceAccountName() != null) {
      assertThat(manifests.the(ServiceAccount.class).getMetadata().getName())
          .isEqualTo(pod.getServiceAccountName());
    }
  }

  private static Volume volume(PodSpec pod, String name) {
    return pod.getVolumes().stream()
        .filter(volume -> volume.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> secrets(PodSpec pod) {
    return volume(pod, "outbox-relay-secrets").getProjected().getSources().stream()
        .map(source -> source.getSecret().getName())
        .toList();
  }

  private static int port(String address) {
    return Pattern.compile(":([0-9]+)")
        .matcher(address)
        .results()
        .map(found -> Integer.parseInt(found.group(1)))
        .findFirst()
        .orElseThrow();
  }

  /** The largest figure of the page about memory, in either mode. */
  private static int measuredPeak(String engine) throws IOException {
    return Pattern.compile(
            "(?m)^\\| relay, " + engine + ", [a-z-]+ \\| \\d+ \\| \\d+ \\| (\\d+) \\|$")
        .matcher(Files.readString(FOOTPRINT))
        .results()
        .map((MatchResult row) -> Integer.parseInt(row.group(1)))
        .max(Integer::compare)
        .orElseThrow();
  }

  /** The context only brings the environment. */
  @Configuration(proxyBeanMethods = false)
  static class Nothing {}
}
