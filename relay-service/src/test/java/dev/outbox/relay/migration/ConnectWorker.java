package dev.outbox.relay.migration;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.connector.policy.ConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.runtime.Herder.Created;
import org.apache.kafka.connect.runtime.Worker;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo;
import org.apache.kafka.connect.runtime.standalone.StandaloneConfig;
import org.apache.kafka.connect.runtime.standalone.StandaloneHerder;
import org.apache.kafka.connect.storage.FileOffsetBackingStore;
import org.apache.kafka.connect.util.FutureCallback;

/** A worker of Kafka Connect with one connector, without its REST interface. */
final class ConnectWorker implements AutoCloseable {

  private static final String CONNECTOR = "outbox";
  private static final long PATIENCE_SECONDS = 60;

  private final StandaloneHerder herder;

  private ConnectWorker(StandaloneHerder herder) {
    this.herder = herder;
  }

  /**
   * @param directory where it keeps its offsets
   */
  static ConnectWorker start(String bootstrapServers, Path directory) {
    Map<String, String> settings = new HashMap<>();
    settings.put("bootstrap.servers", bootstrapServers);
    settings.put("key.converter", "org.apache.kafka.connect.storage.StringConverter");
    settings.put("value.converter", "org.apache.kafka.connect.storage.StringConverter");
    settings.put("offset.storage.file.filename", directory.resolve("offsets").toString());
    settings.put("offset.flush.interval.ms", "1000");
    // Reading all of the class path for plugins takes long.
    settings.put("plugin.discovery", "service_load");
    Plugins plugins = new Plugins(settings);
    ConnectorClientConfigOverridePolicy policy = new AllConnectorClientConfigOverridePolicy();
    policy.configure(Map.of());
    StandaloneConfig config = new StandaloneConfig(settings);
    FileOffsetBackingStore offsets =
        new FileOffsetBackingStore(
            plugins.newInternalConverter(
                true, JsonConverter.class.getName(), Map.of("schemas.enable", "false")));
    offsets.configure(config);
    Worker worker = new Worker("worker", Time.SYSTEM, plugins, config, offsets, policy);
    StandaloneHerder herder = new StandaloneHerder(worker, "cluster", policy);
    herder.start();
    return new ConnectWorker(herder);
  }

  /** Makes the connector, or gives it other settings and starts it again. */
  void configure(Map<String, String> connector) throws Exception {
    Map<String, String> named = new HashMap<>(connector);
    named.put("name", CONNECTOR);
    FutureCallback<Created<ConnectorInfo>> created = new FutureCallback<>();
    herder.putConnectorConfig(CONNECTOR, named, true, created);
    var unused = created.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** As {@code PUT /connectors/outbox/stop}. */
  void stopConnector() throws Exception {
    FutureCallback<Void> done = new FutureCallback<>();
    herder.stopConnector(CONNECTOR, done);
    done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** As {@code PUT /connectors/outbox/resume}. */
  void resumeConnector() {
    herder.resumeConnector(CONNECTOR);
  }

  /** Fails when its task has failed. */
  void requireHealthy() {
    ConnectorStateInfo state = herder.connectorStatus(CONNECTOR);
    state.tasks().stream()
        .filter(task -> task.state().equals("FAILED"))
        .findAny()
        .ifPresent(
            task -> {
              throw new AssertionError("The connector's task has failed: " + task.trace());
            });
  }

  @Override
  public void close() {
    herder.stop();
  }
}
