import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

abstract class Given {
  DataSource dataSource;
  DataSource pool;
  Connection connection;
  Inbox inbox;
  ReceivedEvent event;
  Shipments shipments;
  Orders orders;
  HttpClient http;
  HttpRequest.Builder request;
  Messages messages;
  SpringJobQueue jobs;
  JobQueue queue;
  JobKey key;

  abstract String json(Order order);
}

record Order(String id, String userId) {}

interface Shipments {
  Order plan(Connection connection, byte[] payload) throws SQLException;
}

interface Orders {
  void save(Order order);
}

interface Messages {
  void sent(Connection connection, JobKey key, String answer) throws SQLException;
}

interface Mailer {
  JobOutcome send(JobAttempt attempt) throws Exception;
}
