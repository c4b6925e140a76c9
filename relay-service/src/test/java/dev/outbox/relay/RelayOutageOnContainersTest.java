package dev.outbox.relay;

import dev.outbox.local.WithLocalStack;
import dev.outbox.local.docker.WithDocker;
import org.junit.jupiter.api.Tag;

/** The same with PostgreSQL and Kafka in containers of Testcontainers. */
@Tag("container")
@WithDocker
@WithLocalStack(containers = true)
class RelayOutageOnContainersTest extends RelayOutageTest {}
