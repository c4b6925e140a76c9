package dev.outbox.demo;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Entry point of {@code java -jar order-service-demo.jar}. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class OrderServiceApplication {

  /** Runs the service until it is stopped. */
  public static void main(String[] arguments) {
    SpringApplication.run(OrderServiceApplication.class, arguments);
  }
}
