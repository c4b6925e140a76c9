package dev.outbox.relay.command;

import picocli.CommandLine.IVersionProvider;

/** The version as the jar's manifest has it. */
final class RelayVersion implements IVersionProvider {

  @Override
  public String[] getVersion() {
    String version = RelayVersion.class.getPackage().getImplementationVersion();
    return new String[] {"relay-service " + (version == null ? "(not packaged)" : version)};
  }
}
