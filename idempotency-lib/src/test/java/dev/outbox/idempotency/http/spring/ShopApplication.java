package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IncomingRequest.Caller;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.security.Principal;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.web.filter.OncePerRequestFilter;

/** A service whose callers say who they are in a header, in place of a real authentication. */
@SpringBootConfiguration
@EnableAutoConfiguration
@Import({ShopController.class, ShopService.class, ShopController.CartKeys.class})
class ShopApplication {

  public static void main(String[] arguments) {
    Environment started = SpringApplication.run(ShopApplication.class, arguments).getEnvironment();
    System.out.println("listening on " + started.getProperty("local.server.port"));
  }

  /** Where this process stops for good, to be killed there. */
  @Bean
  HoldPoint holdPoint(@Value("${shop.hold:NOWHERE}") HoldPoint.Place place) {
    return new HoldPoint(place);
  }

  /** Around the filter that is tested: hears of the answer when that begins to write it. */
  @Bean
  FilterRegistrationBean<OncePerRequestFilter> holdingTheAnswer(HoldPoint hold) {
    FilterRegistrationBean<OncePerRequestFilter> registration =
        new FilterRegistrationBean<>(
            new OncePerRequestFilter() {
              @Override
              protected void doFilterInternal(
                  HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                  throws ServletException, IOException {
                chain.doFilter(
                    request,
                    new HttpServletResponseWrapper(response) {
                      @Override
                      public void setStatus(int status) {
                        hold.at(HoldPoint.Place.COMMITTED_BEFORE_ANSWER);
                        super.setStatus(status);
                      }
                    });
              }
            });
    registration.setOrder(-60);
    return registration;
  }

  @Bean
  DataSource dataSource(
      @Value("${shop.url}") String url,
      @Value("${shop.user}") String user,
      @Value("${shop.password}") String password) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url);
    dataSource.setUser(user);
    dataSource.setPassword(password);
    return dataSource;
  }

  @Bean
  JdbcTemplate jdbcTemplate(DataSource dataSource) {
    return new JdbcTemplate(dataSource);
  }

  @Bean
  MeterRegistry meterRegistry() {
    return new SimpleMeterRegistry();
  }

  @Bean
  RequestCallers callers() {
    return request ->
        new Caller(
            Optional.ofNullable(request.getHeader("X-Tenant")),
            RequestCallers.byPrincipal().of(request).principal());
  }

  @Bean
  FilterRegistrationBean<OncePerRequestFilter> authentication() {
    FilterRegistrationBean<OncePerRequestFilter> registration =
        new FilterRegistrationBean<>(
            new OncePerRequestFilter() {
              @Override
              protected void doFilterInternal(
                  HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                  throws ServletException, IOException {
                response.setHeader("Vary", "Origin");
                chain.doFilter(authenticated(request), response);
              }
            });
    registration.setOrder(-100);
    return registration;
  }

  private static HttpServletRequest authenticated(HttpServletRequest request) {
    return new HttpServletRequestWrapper(request) {
      @Override
      public @Nullable Principal getUserPrincipal() {
        String user = getHeader("X-User");
        return user == null ? null : () -> user;
      }
    };
  }
}
