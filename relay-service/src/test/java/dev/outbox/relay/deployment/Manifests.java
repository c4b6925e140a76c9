package dev.outbox.relay.deployment;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * Kubernetes objects, read as the API's types more strictly than a server would: no unknown field,
 * no text for a number or the other way round, no key twice, no choice that there is not.
 */
record Manifests(List<HasMetadata> objects) {

  private static final Map<String, Class<? extends HasMetadata>> TYPES =
      Stream.of(
              ConfigMap.class,
              Service.class,
              ServiceAccount.class,
              Deployment.class,
              Job.class,
              NetworkPolicy.class,
              PodDisruptionBudget.class,
              ServiceMonitor.class,
              PodMonitor.class,
              PrometheusRule.class)
          .collect(
              Collectors.toMap(
                  type -> HasMetadata.getApiVersion(type) + " " + HasMetadata.getKind(type),
                  type -> type));

  /** What the types leave as text, by the names of the fields. */
  private static final Map<String, Pattern> TEXTS =
      Map.ofEntries(
          Map.entry("protocol", Pattern.compile("TCP|UDP|SCTP")),
          Map.entry("restartPolicy", Pattern.compile("Always|OnFailure|Never")),
          Map.entry("imagePullPolicy", Pattern.compile("Always|IfNotPresent|Never")),
          Map.entry("policyTypes", Pattern.compile("Ingress|Egress")),
          Map.entry("whenUnsatisfiable", Pattern.compile("ScheduleAnyway|DoNotSchedule")),
          Map.entry("unhealthyPodEvictionPolicy", Pattern.compile("AlwaysAllow|IfHealthyBudget")),
          Map.entry("drop", Pattern.compile("ALL|[A-Z_]+")),
          Map.entry("type", Pattern.compile("RollingUpdate|Recreate|RuntimeDefault|Localhost")),
          Map.entry("name", Pattern.compile("[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?|[A-Z][A-Z0-9_]*")),
          Map.entry("cpu", Pattern.compile("[0-9]+m?")),
          Map.entry("memory", Pattern.compile("[0-9]+[KMG]i")),
          Map.entry("sizeLimit", Pattern.compile("[0-9]+[KMG]i")),
          Map.entry("interval", Pattern.compile("[0-9]+(ms|s|m)")),
          Map.entry("for", Pattern.compile("[0-9]+(s|m|h)")));

  private static final Pattern LABEL =
      Pattern.compile("([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?");

  private static final ObjectMapper STRICT = strict();

  /** Reads documents that are separated as in YAML. */
  static Manifests read(String yaml) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    List<HasMetadata> objects = new ArrayList<>();
    for (Object document : new Yaml(options).loadAll(yaml)) {
      if (document instanceof Map<?, ?> object) {
        objects.add(read(object));
      }
    }
    return new Manifests(List.copyOf(objects));
  }

  private static HasMetadata read(Map<?, ?> object) {
    String type = object.get("apiVersion") + " " + object.get("kind");
    Class<? extends HasMetadata> model = TYPES.get(type);
    if (model == null) {
      throw new IllegalArgumentException(
          "No type for '%s'. Known: %s".formatted(type, TYPES.keySet()));
    }
    checkTexts(type, object);
    return STRICT.convertValue(object, model);
  }

  private static void checkTexts(String path, Object value) {
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, child) -> checkField(path + "." + key, String.valueOf(key), child));
    } else if (value instanceof List<?> list) {
      list.forEach(child -> checkTexts(path, child));
    }
  }

  private static void checkField(String path, String key, Object value) {
    if (value instanceof List<?> list && list.stream().noneMatch(Map.class::isInstance)) {
      list.forEach(child -> checkField(path, key, child));
    } else if (value instanceof Map<?, ?> map) {
      if (key.equals("labels") || key.equals("matchLabels")) {
        map.values().forEach(label -> require(path, LABEL, label));
      } else if (!key.equals("data")) {
        checkTexts(path, map);
      }
    } else if (value instanceof List<?>) {
      checkTexts(path, value);
    } else if (TEXTS.containsKey(key)) {
      require(path, TEXTS.get(key), value);
    }
  }

  private static void require(String path, Pattern pattern, Object value) {
    if (!pattern.matcher(String.valueOf(value)).matches()) {
      throw new IllegalArgumentException("%s: '%s' is not %s".formatted(path, value, pattern));
    }
  }

  /** The one object of this type. */
  <T extends HasMetadata> T the(Class<T> type) {
    List<T> all = all(type);
    if (all.size() != 1) {
      throw new IllegalStateException(
          "%d objects of type %s, not one".formatted(all.size(), type.getSimpleName()));
    }
    return all.get(0);
  }

  <T extends HasMetadata> List<T> all(Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** What pods are made from. */
  List<PodTemplateSpec> pods() {
    return Stream.concat(
            all(Deployment.class).stream().map(deployment -> deployment.getSpec().getTemplate()),
            all(Job.class).stream().map(job -> job.getSpec().getTemplate()))
        .toList();
  }

  private static ObjectMapper strict() {
    JsonMapper mapper =
        JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .annotationIntrospector(new WithoutRoomForTheUnknown())
            .build();
    for (CoercionInputShape shape :
        List.of(CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean)) {
      mapper.coercionConfigFor(LogicalType.Textual).setCoercion(shape, CoercionAction.Fail);
    }
    return mapper;
  }

  /** The types keep what they do not know; here it is a mistake. */
  private static final class WithoutRoomForTheUnknown extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    @Override
    public Boolean hasAnySetter(Annotated annotated) {
      return false;
    }
  }
}
