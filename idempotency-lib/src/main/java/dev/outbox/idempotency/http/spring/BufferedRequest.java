package dev.outbox.idempotency.http.spring;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** A request whose body has been read for its fingerprint and is read again by the handler. */
final class BufferedRequest extends HttpServletRequestWrapper {

  private final byte[] body;
  private final boolean whole;
  private final InputStream content;
  private boolean asyncStarted;

  private BufferedRequest(
      HttpServletRequest request, byte[] body, boolean whole, InputStream content) {
    super(request);
    this.body = body;
    this.whole = whole;
    this.content = content;
  }

  /**
   * @param limit the most bytes to hold; what is beyond stays where it is
   */
  static BufferedRequest read(HttpServletRequest request, int limit) throws IOException {
    InputStream original = request.getInputStream();
    byte[] body = original.readNBytes(limit + 1);
    InputStream content = new ByteArrayInputStream(body);
    boolean whole = body.length <= limit;
    return new BufferedRequest(
        request, body, whole, whole ? content : new SequenceInputStream(content, original));
  }

  /** For a body that the container has read already, as parameters of a form. */
  static BufferedRequest ofForm(HttpServletRequest request, byte[] parameters, int limit)
      throws IOException {
    return new BufferedRequest(
        request, parameters, parameters.length <= limit, request.getInputStream());
  }

  /** Whether the body was within the limit. */
  boolean whole() {
    return whole;
  }

  byte[] body() {
    return body;
  }

  /** Whether the handler wanted to answer later. */
  boolean asyncStarted() {
    return asyncStarted;
  }

  @Override
  public AsyncContext startAsync() {
    return refuseAsync();
  }

  @Override
  public AsyncContext startAsync(ServletRequest request, ServletResponse response) {
    return refuseAsync();
  }

  private AsyncContext refuseAsync() {
    asyncStarted = true;
    throw new IllegalStateException(
        "a request under an idempotency key cannot be answered asynchronously");
  }

  @Override
  public BufferedReader getReader() {
    String encoding = getCharacterEncoding();
    Charset charset = encoding == null ? StandardCharsets.ISO_8859_1 : Charset.forName(encoding);
    return new BufferedReader(new InputStreamReader(getInputStream(), charset));
  }

  @Override
  public ServletInputStream getInputStream() {
    return new Content(content);
  }

  /** The body once more. */
  private static final class Content extends ServletInputStream {

    private final InputStream source;
    private boolean finished;

    Content(InputStream source) {
      this.source = source;
    }

    @Override
    public int read() throws IOException {
      int next = source.read();
      finished = next < 0;
      return next;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = source.read(target, offset, length);
      finished = read < 0;
      return read;
    }

    @Override
    public boolean isFinished() {
      return finished;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setReadListener(ReadListener listener) {
      throw new IllegalStateException("the body of this request is read blocking");
    }
  }
}
