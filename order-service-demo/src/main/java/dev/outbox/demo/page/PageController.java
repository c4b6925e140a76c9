package dev.outbox.demo.page;

import io.swagger.v3.oas.annotations.Hidden;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.CookieValue;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import tools.jackson.databind.JsonNode;

/**
 * What the page asks for. Whatever changes something wants the header {@value #HEADER}: a form on
 * another site cannot set it, and a script there would have to ask first, which nobody answers.
 */
@Hidden
@RestController
@RequestMapping("/page")
class PageController {

  static final String HEADER = "X-Shop-Page";

  /** By other names this machine may have been made to look like another site's. */
  private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

  private final LivePage page;
  private final ControlServer control;
  private final FormTokens tokens;

  PageController(LivePage page, ControlServer control, FormTokens tokens) {
    this.page = page;
    this.control = control;
    this.tokens = tokens;
  }

  @GetMapping("/stream")
  ResponseEntity<SseEmitter> stream(HttpServletRequest request) {
    if (request.getMethod().equals("HEAD")) {
      // Nobody reads a body, so nobody would be noticed to have left.
      return ResponseEntity.status(HttpStatus.METHOD_NOT_ALLOWED).header("Allow", "GET").build();
    }
    return page.stream()
        .open()
        .map(
            viewer ->
                ResponseEntity.ok()
                    .header("Cache-Control", "no-store")
                    // Proxies hold answers back to send more at once.
                    .header("X-Accel-Buffering", "no")
                    .contentType(MediaType.TEXT_EVENT_STREAM)
                    .body(viewer))
        .orElseGet(
            () ->
                ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
                    .header("Retry-After", "10")
                    .build());
  }

  /** A token for the next order that is sent with the form. */
  @PostMapping("/tokens")
  Map<String, String> token(
      @RequestHeader(HEADER) String header,
      @CookieValue(name = FormTokens.VISITOR, defaultValue = "") String visitor,
      HttpServletResponse response) {
    String known = visitor.isEmpty() ? FormTokens.newVisitor(response) : visitor;
    return Map.of("token", tokens.issue(known));
  }

  /** Harm to processes, network and data; answers when it is done. */
  @PostMapping("/harm/{name}")
  ResponseEntity<JsonNode> harm(
      @PathVariable String name, @RequestHeader(HEADER) String header, HttpServletRequest request)
      throws InterruptedException {
    Harm harm =
        Harm.of(name)
            .orElseThrow(() -> refusal(HttpStatus.NOT_FOUND, "There is no harm called " + name));
    if (!isFromThisMachine(request)) {
      throw refusal(
          HttpStatus.FORBIDDEN, "Harm is done only for browsers on the machine of the shop");
    }
    if (!control.isPresent()) {
      throw refusal(
          HttpStatus.SERVICE_UNAVAILABLE,
          "No control server is configured (demo.control.url): bash deploy/demo starts one");
    }
    HarmLog.Entry entry = page.harm().begun(harm);
    boolean well = false;
    String text = "Interrupted";
    try {
      ControlServer.Answer answer = control.carryOut(harm);
      well = answer.isWell();
      text = answer.text();
      if (!well) {
        throw refusal(status(answer.status()), text);
      }
      return ResponseEntity.ok(answer.body());
    } finally {
      page.harm().ended(entry, well, text);
    }
  }

  /** What is wrong between this service and the control server is not the browser's fault. */
  private static HttpStatus status(int answered) {
    return answered == HttpStatus.CONFLICT.value() ? HttpStatus.CONFLICT : HttpStatus.BAD_GATEWAY;
  }

  private static boolean isFromThisMachine(HttpServletRequest request) {
    try {
      return InetAddress.getByName(request.getRemoteAddr()).isLoopbackAddress()
          && THIS_MACHINE.contains(request.getServerName());
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static ErrorResponseException refusal(HttpStatus status, String detail) {
    return new ErrorResponseException(
        status, ProblemDetail.forStatusAndDetail(status, detail), null);
  }
}
