package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.StoredResponse;
import dev.outbox.idempotency.http.StoredResponse.HeaderField;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/**
 * Holds back all that the handler answers: status, headers, cookies and body. Nothing reaches the
 * client until {@link ResponseWriter} has written it, after the commit.
 */
final class CapturedResponse extends HttpServletResponseWrapper {

  private final int limit;
  private final boolean passWhatIsTooLong;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private final List<HeaderField> headers = new ArrayList<>();
  private final List<Cookie> cookies = new ArrayList<>();
  private final ServletOutputStream stream = new Body();
  private int status = SC_OK;
  private @Nullable String contentType;
  private @Nullable Charset charset;
  private @Nullable PrintWriter writer;
  private boolean committed;
  private boolean tooLong;
  private boolean passing;
  private boolean errorSent;

  /**
   * @param limit the longest body to hold
   * @param passWhatIsTooLong whether a longer one goes out as it comes, and not at all otherwise
   */
  CapturedResponse(HttpServletResponse response, int limit, boolean passWhatIsTooLong) {
    super(response);
    this.limit = limit;
    this.passWhatIsTooLong = passWhatIsTooLong;
  }

  /** Whether the body was longer than the limit; what is beyond is not here. */
  boolean tooLong() {
    flushWriter();
    return tooLong;
  }

  /** Whether the answer is on its way to the client already. */
  boolean passing() {
    return passing;
  }

  /** Whether the handler left the body to the container's error page. */
  boolean errorSent() {
    return errorSent;
  }

  List<Cookie> cookies() {
    return cookies;
  }

  /** All but the cookies. */
  StoredResponse answer() {
    flushWriter();
    return answerSoFar();
  }

  private void flushWriter() {
    if (writer != null) {
      writer.flush();
    }
  }

  private void write(byte[] bytes, int offset, int length) throws IOException {
    if (passing) {
      getResponse().getOutputStream().write(bytes, offset, length);
    } else if (body.size() + length <= limit) {
      body.write(bytes, offset, length);
    } else {
      tooLong = true;
      if (passWhatIsTooLong) {
        ResponseWriter.write((HttpServletResponse) getResponse(), answerSoFar(), cookies, false);
        passing = true;
        getResponse().getOutputStream().write(bytes, offset, length);
      }
    }
  }

  private StoredResponse answerSoFar() {
    List<HeaderField> all = new ArrayList<>(headers);
    String type = getContentType();
    if (type != null) {
      all.add(new HeaderField(HttpHeaders.CONTENT_TYPE, type));
    }
    return new StoredResponse(status, all, body.toByteArray());
  }

  @Override
  public ServletOutputStream getOutputStream() {
    return stream;
  }

  @Override
  public PrintWriter getWriter() {
    if (writer == null) {
      charset = Charset.forName(getCharacterEncoding());
      writer = new PrintWriter(new OutputStreamWriter(stream, charset));
    }
    return writer;
  }

  @Override
  public void setStatus(int sc) {
    status = sc;
  }

  @Override
  public int getStatus() {
    return status;
  }

  @Override
  public void sendError(int sc) {
    sendError(sc, "");
  }

  /** The container's error page comes after the filter, so it could not be stored. */
  @Override
  public void sendError(int sc, String message) {
    reset();
    status = sc;
    errorSent = true;
    committed = true;
    HttpStatus known = HttpStatus.resolve(sc);
    contentType = MediaType.APPLICATION_PROBLEM_JSON_VALUE;
    body.writeBytes(
        "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}"
            .formatted(known == null ? "Error" : known.getReasonPhrase(), sc)
            .getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void sendRedirect(String location, int sc, boolean clearBuffer) {
    if (clearBuffer) {
      resetBuffer();
    }
    status = sc;
    setHeader(HttpHeaders.LOCATION, location);
    committed = true;
  }

  @Override
  public void sendRedirect(String location) {
    sendRedirect(location, SC_FOUND, true);
  }

  @Override
  public void addCookie(Cookie cookie) {
    cookies.add(cookie);
  }

  @Override
  public void setHeader(String name, @Nullable String value) {
    headers.removeIf(header -> header.name().equalsIgnoreCase(name));
    addHeader(name, value);
  }

  @Override
  public void addHeader(String name, @Nullable String value) {
    if (name.equalsIgnoreCase(HttpHeaders.CONTENT_TYPE)) {
      setContentType(value);
    } else if (value != null && !name.equalsIgnoreCase(HttpHeaders.CONTENT_LENGTH)) {
      headers.add(new HeaderField(name, value));
    }
  }

  @Override
  public void setIntHeader(String name, int value) {
    setHeader(name, String.valueOf(value));
  }

  @Override
  public void addIntHeader(String name, int value) {
    addHeader(name, String.valueOf(value));
  }

  @Override
  public void setDateHeader(String name, long date) {
    setHeader(name, httpDate(date));
  }

  @Override
  public void addDateHeader(String name, long date) {
    addHeader(name, httpDate(date));
  }

  @Override
  public boolean containsHeader(String name) {
    return !getHeaders(name).isEmpty() || super.containsHeader(name);
  }

  @Override
  public @Nullable String getHeader(String name) {
    Collection<String> own = getHeaders(name);
    return own.isEmpty() ? super.getHeader(name) : own.iterator().next();
  }

  @Override
  public Collection<String> getHeaders(String name) {
    if (name.equalsIgnoreCase(HttpHeaders.CONTENT_TYPE)) {
      String type = getContentType();
      return type == null ? List.of() : List.of(type);
    }
    return headers.stream()
        .filter(header -> header.name().equalsIgnoreCase(name))
        .map(HeaderField::value)
        .toList();
  }

  @Override
  public Collection<String> getHeaderNames() {
    LinkedHashSet<String> names = new LinkedHashSet<>(super.getHeaderNames());
    headers.forEach(header -> names.add(header.name()));
    return names;
  }

  @Override
  public void setContentType(@Nullable String type) {
    contentType = type;
    if (type != null && writer == null) {
      charset = named(type).orElse(charset);
    }
  }

  @Override
  public @Nullable String getContentType() {
    boolean named =
        contentType == null || contentType.toLowerCase(Locale.ROOT).contains("charset=");
    return named || charset == null ? contentType : contentType + ";charset=" + charset.name();
  }

  @Override
  public void setCharacterEncoding(@Nullable String encoding) {
    if (writer == null) {
      charset = encoding == null ? null : Charset.forName(encoding);
    }
  }

  @Override
  public String getCharacterEncoding() {
    return charset == null ? StandardCharsets.ISO_8859_1.name() : charset.name();
  }

  /** The length is given with the body. */
  @Override
  public void setContentLength(int length) {}

  @Override
  public void setContentLengthLong(long length) {}

  @Override
  public void setLocale(Locale locale) {
    setHeader(HttpHeaders.CONTENT_LANGUAGE, locale.toLanguageTag());
  }

  @Override
  public void flushBuffer() throws IOException {
    flushWriter();
    committed = true;
    if (passing) {
      super.flushBuffer();
    }
  }

  @Override
  public boolean isCommitted() {
    return committed || passing;
  }

  @Override
  public void reset() {
    resetBuffer();
    headers.clear();
    cookies.clear();
    contentType = null;
    charset = null;
    writer = null;
    status = SC_OK;
  }

  @Override
  public void resetBuffer() {
    if (isCommitted()) {
      throw new IllegalStateException("the response is committed");
    }
    flushWriter();
    body.reset();
    tooLong = false;
  }

  @Override
  public void setBufferSize(int size) {}

  @Override
  public int getBufferSize() {
    return limit;
  }

  private static Optional<Charset> named(String type) {
    try {
      return Optional.ofNullable(MediaType.parseMediaType(type).getCharset());
    } catch (InvalidMediaTypeException e) {
      // Goes out as it is, as without us.
      return Optional.empty();
    }
  }

  private static String httpDate(long millis) {
    return DateTimeFormatter.RFC_1123_DATE_TIME.format(
        Instant.ofEpochMilli(millis).atOffset(ZoneOffset.UTC));
  }

  /** Takes the body. */
  private final class Body extends ServletOutputStream {

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      CapturedResponse.this.write(bytes, offset, length);
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      throw new IllegalStateException("the body of this response is written blocking");
    }
  }
}
