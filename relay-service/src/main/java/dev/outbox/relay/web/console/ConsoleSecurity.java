package dev.outbox.relay.web.console;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.web.console.OperatorLogin.GuessedTooOften;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AuthorizeHttpRequestsConfigurer;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer.FrameOptionsConfig;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.csrf.CsrfException;
import org.springframework.security.web.csrf.CsrfFilter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;
import tools.jackson.databind.json.JsonMapper;

/**
 * Who may do what over HTTP: anybody reads, but not endpoints that tell of memory or settings, and
 * only the operator of the settings does anything else, whatever the address; a handler that
 * somebody adds is refused until it is read-only or asked for by the operator.
 * docs/decisions/0013-console.md tells why so.
 */
@Configuration(proxyBeanMethods = false)
class ConsoleSecurity {

  static final String SESSION = "/console/api/session";
  private static final String LOGOUT = "/console/api/session/end";
  private static final String PAYLOADS = "/console/api/parked/*/payload";

  /** Endpoints that anybody may ask: probes and those who scrape metrics have no password. */
  private static final String[] HARMLESS = {"health", "prometheus"};

  private static final PathPatternRequestMatcher LOGIN =
      PathPatternRequestMatcher.withDefaults().matcher(SESSION);

  /** Nothing but the page's own files; no frame may hold it. */
  private static final String CONTENT_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Bean
  static LazySecurity lazySecurity() {
    return new LazySecurity();
  }

  @Bean
  LoginThrottle loginThrottle() {
    return new LoginThrottle(System::nanoTime);
  }

  /** Asked by all ways to log in, as the one provider of the application. */
  @Bean
  OperatorLogin operatorLogin(RelaySettings settings, LoginThrottle throttle) {
    return new OperatorLogin(settings.console(), throttle);
  }

  @Bean
  SecurityFilterChain consoleSecurityChain(HttpSecurity http, RelaySettings settings) {
    boolean hasOperator = settings.console().hasOperator();
    http.authorizeHttpRequests(
        requests -> {
          if (hasOperator) {
            requests.requestMatchers(HttpMethod.GET, PAYLOADS).authenticated();
            requests.requestMatchers(HttpMethod.HEAD, PAYLOADS).authenticated();
          } else {
            requests.requestMatchers(PAYLOADS).denyAll();
          }
          protectEndpoints(requests, hasOperator);
          requests.requestMatchers(HttpMethod.GET, "/**").permitAll();
          requests.requestMatchers(HttpMethod.HEAD, "/**").permitAll();
          if (hasOperator) {
            requests.anyRequest().authenticated();
          } else {
            requests.anyRequest().denyAll();
          }
        });
    http.headers(
        headers ->
            headers
                .contentSecurityPolicy(policy -> policy.policyDirectives(CONTENT_POLICY))
                .frameOptions(FrameOptionsConfig::deny)
                .referrerPolicy(referrer -> referrer.policy(ReferrerPolicy.NO_REFERRER)));
    http.requestCache(cache -> cache.disable());
    http.exceptionHandling(
        failures ->
            failures
                .authenticationEntryPoint(
                    (request, response, failure) -> refuse(response, failure, hasOperator))
                .accessDeniedHandler(
                    (request, response, failure) ->
                        write(
                            response,
                            failure instanceof CsrfException ? forged() : denied(hasOperator))));
    if (hasOperator) {
      allowLogin(http);
    } else {
      http.csrf(CsrfConfigurer::disable);
      http.logout(logout -> logout.disable());
    }
    return http.build();
  }

  /** Somebody may have more of them exposed, which tell of memory and settings. */
  private static void protectEndpoints(
      AuthorizeHttpRequestsConfigurer<HttpSecurity>.AuthorizationManagerRequestMatcherRegistry
          requests,
      boolean hasOperator) {
    var telling =
        requests.requestMatchers(
            EndpointRequest.toAnyEndpoint().excluding(HARMLESS).excludingLinks());
    if (hasOperator) {
      telling.authenticated();
    } else {
      telling.denyAll();
    }
  }

  private static void allowLogin(HttpSecurity http) {
    http.httpBasic(
        basic ->
            basic.authenticationEntryPoint(
                (request, response, failure) -> refuse(response, failure, true)));
    http.formLogin(
        form ->
            form.loginPage("/")
                .loginProcessingUrl(SESSION)
                .successHandler((request, response, who) -> response.setStatus(204))
                .failureHandler((request, response, failure) -> refuse(response, failure, true)));
    http.logout(
        logout ->
            logout
                .logoutRequestMatcher(
                    PathPatternRequestMatcher.withDefaults().matcher(HttpMethod.POST, LOGOUT))
                .logoutSuccessHandler((request, response, who) -> response.setStatus(204)));
    CookieCsrfTokenRepository tokens = new CookieCsrfTokenRepository();
    tokens.setCookieName("outbox-console-csrf");
    tokens.setHeaderName("X-CSRF-TOKEN");
    tokens.setCookieCustomizer(cookie -> cookie.httpOnly(true).sameSite("Strict"));
    http.csrf(
        csrf ->
            csrf.csrfTokenRepository(tokens)
                .requireCsrfProtectionMatcher(
                    request ->
                        CsrfFilter.DEFAULT_CSRF_MATCHER.matches(request)
                            && isFromBrowser(request)));
  }

  /**
   * Only a browser sends by itself what another page could abuse. A program that sends its
   * credentials with each request has nothing to prove; a page of somebody else cannot pass for
   * one, since browsers say with every such request where it comes from.
   */
  private static boolean isFromBrowser(HttpServletRequest request) {
    return request.getHeader(HttpHeaders.ORIGIN) != null
        || request.getHeader("Sec-Fetch-Site") != null
        || request.getHeader(HttpHeaders.COOKIE) != null
        || LOGIN.matches(request);
  }

  private static void refuse(
      HttpServletResponse response, AuthenticationException failure, boolean hasOperator)
      throws IOException {
    if (!hasOperator) {
      write(response, denied(false));
      return;
    }
    if (failure instanceof GuessedTooOften often) {
      response.setHeader(
          HttpHeaders.RETRY_AFTER, String.valueOf(often.patience().plusMillis(999).toSeconds()));
      write(
          response,
          ConsoleProblems.problem(
              HttpStatus.TOO_MANY_REQUESTS,
              "Too many logins are tried, or too many wrong ones came from this address.",
              "Wait %d s.".formatted(often.patience().plusMillis(999).toSeconds())));
      return;
    }
    // Not "Basic": a browser would ask by itself, and from then on send the password by itself.
    response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Console realm=\"outbox relay\"");
    write(
        response,
        ConsoleProblems.problem(
            HttpStatus.UNAUTHORIZED,
            "This is for the operator, and name or password are missing or wrong.",
            "Log in on the page, or send them by HTTP Basic: curl -u NAME …"));
  }

  private static ProblemDetail denied(boolean hasOperator) {
    return hasOperator
        ? ConsoleProblems.problem(
            HttpStatus.FORBIDDEN, "This is not allowed to anybody.", "None needed.")
        : ConsoleProblems.problem(
            HttpStatus.FORBIDDEN,
            "Nobody may act through this console: no operator is configured.",
            "Set outbox.relay.console.username and outbox.relay.console.password, and restart the"
                + " relay; or use the command line.");
  }

  private static ProblemDetail forged() {
    return ConsoleProblems.problem(
        HttpStatus.FORBIDDEN,
        "The request does not prove that it comes from the console's own page.",
        "Load the page again. A program sends no cookies, and its credentials by HTTP Basic.");
  }

  private static void write(HttpServletResponse response, ProblemDetail problem)
      throws IOException {
    response.setStatus(problem.getStatus());
    response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
    response.getOutputStream().write(JSON.writeValueAsBytes(asMap(problem)));
  }

  private static Map<String, Object> asMap(ProblemDetail problem) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("title", String.valueOf(problem.getTitle()));
    map.put("status", problem.getStatus());
    map.put("detail", String.valueOf(problem.getDetail()));
    if (problem.getProperties() != null) {
      map.putAll(problem.getProperties());
    }
    return map;
  }
}
