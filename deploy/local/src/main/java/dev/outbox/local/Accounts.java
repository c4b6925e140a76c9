package dev.outbox.local;

import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/** Who may log in at a broker by password (SCRAM-SHA-512). May be used by any thread. */
public final class Accounts {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The fewest that Kafka allows. */
  private static final int ITERATIONS = 4_096;

  private final LocalKafka broker;

  Accounts(LocalKafka broker) {
    this.broker = broker;
  }

  /** Makes an account, or changes its password. */
  public void put(String user, String password) {
    Administration.run(
        broker,
        "make an account for " + user,
        admin ->
            admin
                .alterUserScramCredentials(
                    List.of(
                        new UserScramCredentialUpsertion(
                            user,
                            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS),
                            password)))
                .all());
    awaitKnown(user, true);
  }

  /** Takes an account away; connections that have logged in stay until they have to do so again. */
  public void remove(String user) {
    Administration.run(
        broker,
        "remove the account of " + user,
        admin ->
            admin
                .alterUserScramCredentials(
                    List.of(new UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)))
                .all());
    awaitKnown(user, false);
  }

  /** The controller answers before the broker has heard of it. */
  private void awaitKnown(String user, boolean expected) {
    Waiting.until(
        "the account of " + user,
        PATIENCE,
        Waiting::pause,
        () ->
            Administration.run(
                        broker,
                        "list its accounts",
                        admin -> admin.describeUserScramCredentials().users())
                    .contains(user)
                == expected);
  }
}
