package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.IncomingRequest.Caller;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Requests of a client that places orders, and what is answered to them. */
final class Requests {

  static final Endpoint ORDERS = Endpoint.named("orders.place");

  static final Caller ALICE = Caller.principal("alice");

  private Requests() {}

  static String newKey() {
    return UUID.randomUUID().toString();
  }

  static IncomingRequest order(String key, String body) {
    return order(key, body, ALICE);
  }

  static IncomingRequest order(String key, String body, Caller caller) {
    return new IncomingRequest(
        "POST",
        "/orders",
        "",
        Map.of("Idempotency-Key", List.of('"' + key + '"')),
        utf8(body),
        caller);
  }

  static IncomingRequest withoutKey(String body) {
    return new IncomingRequest("POST", "/orders", "", Map.of(), utf8(body), ALICE);
  }

  static IdempotentCall admitted(
      Idempotency idempotency, Endpoint endpoint, IncomingRequest request) {
    return ((Admission.Keyed) idempotency.admit(endpoint, request)).call();
  }

  static StoredResponse created(String body) {
    return answer(201, body);
  }

  static StoredResponse answer(int status, String body) {
    return new StoredResponse(
        status,
        List.of(new StoredResponse.HeaderField("Content-Type", "application/json")),
        utf8(body));
  }

  static String bodyOf(Outcome outcome) {
    StoredResponse response =
        outcome instanceof Outcome.Replayed replayed
            ? replayed.response()
            : ((Outcome.Executed) outcome).response();
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
