package dev.outbox.demo.page;

import jakarta.validation.constraints.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The control server of the demonstration's driver, which harms processes and network.
 *
 * @param url where it is, {@code http://127.0.0.1:port}; empty when there is none
 * @param token what it wants to be shown
 */
@Validated
@ConfigurationProperties("demo.control")
record ControlSettings(
    @DefaultValue("") @Pattern(regexp = URL, message = URL_RULE) String url,
    @DefaultValue("") String token) {

  private static final String URL = "(http://[a-zA-Z0-9.:\\[\\]-]+)?";
  private static final String URL_RULE = "must look like http://127.0.0.1:8090";

  boolean present() {
    return !url.isEmpty();
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "ControlSettings[url=" + url + "]";
  }
}
