package dev.outbox.demo.consuming;

import jakarta.validation.constraints.NotBlank;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * Where the events come from.
 *
 * @param bootstrapServers brokers to begin with, {@code host:port}, separated by commas
 */
@Validated
@ConfigurationProperties("demo.kafka")
record KafkaSettings(@NotBlank String bootstrapServers) {}
